using System.Security.Cryptography;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Push;
using Btmm.Server.Requests;
using Btmm.Server.Zones;
using Btmm.TestKit;

namespace Btmm.Server.Tests;

/// <summary>A zone with DNS Push Notifications and connections without sockets, on a clock that stands still.</summary>
internal sealed class PushHarness : IDisposable
{
    private readonly RequestWorkspace _workspace = new();

    internal PushHarness(ZoneServiceLimits? limits = null, ZoneKey[]? extraKeys = null)
    {
        Server = new ServerHarness(limits, extraKeys);
        Zones = new ZoneDirectory([Server.Zone]);
        Keys = new TsigKeyRing([Server.Key, .. (extraKeys ?? []).Select(static item => item.Key)]);
        Table = new PushTable(Zones, Keys, limits ?? new ZoneServiceLimits(), Server.Clock, Server.Metrics, OnSignal);
        Handler = new StreamHandler(Server.Handler, Table, Keys, Server.Clock, Server.Metrics);
        Server.Changed = Table.OnChange;
    }

    internal ServerHarness Server { get; }

    /// <summary>Whether changes are told as soon as they are noted; else <see cref="Tell"/> does.</summary>
    internal bool TellsAtOnce { get; set; } = true;

    internal ZoneDirectory Zones { get; }

    internal TsigKeyRing Keys { get; }

    internal PushTable Table { get; }

    internal StreamHandler Handler { get; }

    internal static TimeSpan Patience { get; } = TimeSpan.FromSeconds(30);

    public void Dispose() => Server.Dispose();

    /// <summary>Passes a message to the server; the answer that is not sent by itself is put to what was sent.</summary>
    internal async Task SendAsync(FakePeer peer, byte[] message)
    {
        int length = await Handler.HandleAsync(message, peer, _workspace, peer.Closed);
        if (length > 0)
            peer.Sent.Enqueue(_workspace.Response[..length]);
    }

    /// <summary>A connection with a session, on which the account's key is proven.</summary>
    internal async Task<FakePeer> ConnectAsync(TsigKey? key = null, string address = "192.0.2.99")
    {
        var peer = new FakePeer(address);
        await ProveAsync(peer, key ?? Server.Key);
        await SendAsync(peer, DsoMessages.Keepalive(1, DsoTimeouts.From(TimeSpan.FromSeconds(15), TimeSpan.FromMinutes(60)), isResponse: false));
        Assert.True(peer.Sent.TryDequeue(out _));
        return peer;
    }

    /// <summary>Proves a key on a connection and gives the server's answer.</summary>
    internal async Task<DnsMessage> ProveAsync(FakePeer peer, TsigKey key, ReadOnlyMemory<byte>? certificateHash = null)
    {
        await SendAsync(peer, Sign(Proof(certificateHash ?? peer.CertificateHash), key));
        Assert.True(peer.Sent.TryDequeue(out byte[]? answer));
        Assert.True(DnsMessage.TryParse(answer, out DnsMessage? parsed));
        return parsed;
    }

    internal DnsMessage Proof(ReadOnlyMemory<byte> certificateHash) => new()
    {
        Id = 77,
        Questions = [new DnsQuestion(PushAuthorization.NameFor(certificateHash.Span, Server.Apex, RandomNumberGenerator.GetBytes(PushAuthorization.NonceSize))!, DnsType.TXT)],
    };

    internal byte[] Sign(DnsMessage message, TsigKey key)
    {
        byte[] buffer = new byte[DnsMessage.MaxSize];
        Assert.True(message.TryWrite(buffer, out int length));
        using var tsig = new TsigClientTransaction(key);
        Assert.True(tsig.TrySignRequest(buffer, length, Server.Time.GetUtcNow(), out length));
        return buffer[..length];
    }

    /// <summary>Subscribes and gives the response code.</summary>
    internal async Task<DnsRcode> SubscribeAsync(FakePeer peer, ushort id, DnsName name, DnsType type)
    {
        await SendAsync(peer, PushMessages.Subscribe(id, new DnsQuestion(name, type)));
        Assert.True(peer.Sent.TryDequeue(out byte[]? answer));
        Assert.True(DnsHeader.TryRead(answer, out DnsHeader header));
        Assert.Equal((id, true, DnsOpcode.Dso), (header.Id, header.IsResponse, header.Opcode));
        return header.Rcode;
    }

    /// <summary>Lets the service tell what has changed.</summary>
    internal void Tell() => Table.HandleTimeout(Server.Clock.Now);

    /// <summary>The changes of the next PUSH message.</summary>
    internal static async Task<List<PushChange>> NextAsync(FakePeer peer)
    {
        await Eventually.HoldsAsync(() => !peer.Sent.IsEmpty, "a message is sent");
        Assert.True(peer.Sent.TryDequeue(out byte[]? message));
        return Read(message);
    }

    private void OnSignal()
    {
        if (TellsAtOnce)
            Tell();
    }

    internal static List<PushChange> Read(byte[] message)
    {
        Assert.Equal(DsoParseError.None, DsoMessageView.TryRead(message, out DsoMessageView view));
        Assert.Equal((DsoKind.Unidirectional, DsoType.Push), (view.Kind, view.Primary!.Value.Type));
        var reader = new PushReader(view, view.Primary.Value);
        var changes = new List<PushChange>();
        while (reader.TryRead(out PushChange? change))
            changes.Add(change);
        Assert.False(reader.IsFatal);
        return changes;
    }
}
