using System.Net;
using Btmm.Core.Peers;
using Btmm.Protocol.Identity;

namespace Btmm.Core.Tests.Peers;

public sealed class PeerTableTests
{
    private readonly FakeClock _clock = new();
    private readonly PeerTable _table;

    public PeerTableTests() => _table = new PeerTable("me.example.net", IPAddress.Parse("fd00::1"), _clock);

    [Fact]
    public void Update_NewChangedGone_IsTold()
    {
        PeerChange added = Assert.Single(_table.Update([Record("mac", "fd00::2", "203.0.113.10:4000")]));
        Assert.Equal((PeerChangeKind.Added, "mac.example.net"), (added.Kind, added.Peer.Name));
        Assert.Empty(_table.Update([Record("mac", "fd00::2", "203.0.113.10:4000")]));
        _clock.Advance(TimeSpan.FromSeconds(1));
        PeerChange changed = Assert.Single(_table.Update([Record("mac", "fd00::2", "203.0.113.11:4000")]));
        Assert.Equal(PeerChangeKind.Changed, changed.Kind);
        Assert.Equal("203.0.113.10:4000", changed.Former!.Endpoint!.ToString());
        Assert.Equal("203.0.113.11:4000", _table.Find("MAC")!.Endpoint!.ToString());
        Assert.Equal(PeerChangeKind.Removed, Assert.Single(_table.Update([])).Kind);
        Assert.Empty(_table.Current);
    }

    [Fact]
    public void Update_Ourselves_IsSkippedByNameAndByIdentifier()
    {
        Assert.Empty(_table.Update([Record("me", "fd00::9", null), Record("impostor", "fd00::1", null)]));
        Assert.Empty(_table.Current);
    }

    [Fact]
    public void Update_TwoNamesOneIdentifier_TheReachableOneCounts()
    {
        _table.Update([Record("new", "fd00::2", "203.0.113.10:4000"), Record("old", "fd00::2", null)]);
        Assert.Equal("new.example.net", Assert.Single(_table.Current).Name);
    }

    [Fact]
    public void Restore_Cache_IsKeptUntilTheZoneSaysOtherwise()
    {
        _table.Restore([Peer("mac", "fd00::2"), Peer("me", "fd00::3")]);
        Assert.True(Assert.Single(_table.Current).FromCache);
        Assert.Equal(PeerChangeKind.Changed, Assert.Single(_table.Update([Record("mac", "fd00::2", "203.0.113.10:4000")])).Kind);
        Assert.False(Assert.Single(_table.Current).FromCache);
    }

    [Theory]
    [InlineData("203.0.113.10", true)]
    [InlineData("198.51.100.1", true)]
    [InlineData("8.8.8.8", true)]
    [InlineData("10.1.2.3", false)]
    [InlineData("172.16.0.1", false)]
    [InlineData("172.32.0.1", true)]
    [InlineData("192.168.1.1", false)]
    [InlineData("100.64.0.1", false)]
    [InlineData("100.128.0.1", true)]
    [InlineData("127.0.0.1", false)]
    [InlineData("169.254.1.1", false)]
    [InlineData("0.0.0.0", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("fd00::1", false)]
    public void IsPublic_Address_IsJudged(string address, bool expected) =>
        Assert.Equal(expected, PeerRules.IsPublic(IPAddress.Parse(address)));

    private static PeerRecord Record(string host, string identifier, string? endpoint) => new()
    {
        Name = host + ".example.net",
        Identifier = IPAddress.Parse(identifier),
        Endpoint = endpoint is null ? null : IPEndPoint.Parse(endpoint),
    };

    private BtmmPeer Peer(string host, string identifier) => new()
    {
        Name = host + ".example.net",
        Identifier = IPAddress.Parse(identifier),
        Device = DeviceInfo.Empty,
        LastChange = _clock.GetUtcNow(),
    };
}
