using System.Net;
using Btmm.Core.Node;
using Btmm.Core.Peers;
using Btmm.Protocol.Identity;

namespace Btmm.Core.Tests.Node;

public sealed class PeerCacheTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly StateDirectory _state;
    private readonly byte[] _key = new byte[32];

    public PeerCacheTests() => _state = StateDirectory.Open(_directory.File("state"));

    public void Dispose()
    {
        _state.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public void Save_ThenLoad_GivesThePeersMarkedAsCached()
    {
        Assert.Empty(new PeerCache(_state, _key).Load());
        new PeerCache(_state, _key).Save([Peer()]);
        BtmmPeer loaded = Assert.Single(new PeerCache(_state, _key).Load());
        Assert.Equal(Peer() with { FromCache = true, Device = loaded.Device }, loaded);
    }

    [Fact]
    public void Load_OtherAccountOrAnyChange_GivesNothing()
    {
        new PeerCache(_state, _key).Save([Peer()]);
        Assert.Empty(new PeerCache(_state, [1, .. _key.AsSpan(1)]).Load());
        byte[] file = _state.Read("peers.cache")!;
        for (int i = 0; i < file.Length; i++)
        {
            byte[] changed = [.. file];
            changed[i] ^= 1;
            _state.Write("peers.cache", changed);
            Assert.Empty(new PeerCache(_state, _key).Load());
            _state.Write("peers.cache", file.AsSpan(0, i));
            Assert.Empty(new PeerCache(_state, _key).Load());
        }
    }

    [Fact]
    public void Settings_DamagedFile_CountsAsNone()
    {
        Assert.Null(NodeSettings.Load(_state));
        new NodeSettings { Port = 23456 }.Save(_state);
        Assert.Equal(23456, NodeSettings.Load(_state)!.Port);
        foreach (string text in new[] { "", "{", "[]", "{\"port\":0}", "{\"port\":70000}", "{\"port\":\"x\"}" })
        {
            _state.Write("node.json", System.Text.Encoding.UTF8.GetBytes(text));
            Assert.Null(NodeSettings.Load(_state));
        }
    }

    private static BtmmPeer Peer() => new()
    {
        Name = "mac.alice.net",
        Identifier = IPAddress.Parse("fd00::2"),
        Endpoint = IPEndPoint.Parse("203.0.113.10:4001"),
        Device = DeviceInfo.Empty,
        LastChange = DateTimeOffset.UnixEpoch,
    };
}
