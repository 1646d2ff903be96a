using System.Buffers.Binary;
using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Protocol.Tests.Dns;
using Microsoft.Extensions.Time.Testing;

namespace Btmm.Server.Tests;

/// <summary>
/// What Apple's client and BIND's nsupdate sent to Apple's server, byte for byte, at our server: it must work, and our answers to
/// long-lived queries must be the ones that Apple's server gave, but for the ids.
/// </summary>
public sealed class AppleClientTests : IDisposable
{
    private const string Domain = "alice.members.test";
    private const int IdFromEnd = 12;
    private static readonly IPEndPoint s_client = new(IPAddress.Parse("198.51.100.1"), 5353);
    private static readonly Dictionary<string, byte[]> s_wire = Lines("wire.txt").ToDictionary(line => line[0], line => Hex.Bytes(line[1]));
    private static readonly Dictionary<string, string[]> s_signed = Lines("tsig.txt").ToDictionary(line => line[0]);

    private readonly TsigKey _updater = LegacyKey("btmmkey");
    private readonly TsigKey _registrar = LegacyKey(Domain);
    private readonly FakeTimeProvider _time = new(DateTimeOffset.FromUnixTimeSeconds(0x6b028e67));
    private readonly ServerHarness _server;

    public AppleClientTests()
    {
        var apex = DnsName.Parse(Domain);
        _server = new ServerHarness(extraKeys: [new ZoneKey(_updater, apex), new ZoneKey(_registrar, apex)], time: _time, isPublic: true, domain: Domain);
    }

    public void Dispose()
    {
        _server.Dispose();
        _updater.Dispose();
        _registrar.Dispose();
    }

    [Fact]
    [Trait("rfc", "8764§4")]
    public async Task Discovery_ByAppleClient_FindsZoneAndService()
    {
        Assert.Equal(DnsName.Parse(Domain), (await AnswerAsync("L1")).Authority[0].Name); // SOA of the full name
        Assert.Equal(DnsType.SOA, Assert.Single((await AnswerAsync("L3")).Answers).Type); // SOA of the zone
        DnsMessage service = await AnswerAsync("L5"); // SRV
        Assert.Equal(DnsType.SRV, Assert.Single(service.Answers).Type);
        Assert.Contains(service.Additional, record => record.Type == DnsType.A);
    }

    [Fact]
    [Trait("rfc", "8764§5.2")]
    public async Task LongLivedQuery_FromSetUpToRemoveEvent_GoesAsWithApplesServer()
    {
        // --> set-up request (L7); <-- challenge, as L8 but for the id
        byte[] challenge = await SendAsync(s_wire["L7"]);
        ulong id = IdOf(challenge);
        AssertAs("L8", challenge, id);
        // --> challenge response (L9) with our id; <-- acknowledgement without answers, as L10
        AssertAs("L10", await SendAsync(WithId("L9", id)), id);

        // --> nsupdate's signed update with a lease (L11); <-- lease granted, within our bounds; --> event, as L13
        DnsMessage granted = Parse(await SendAsync(s_wire["L11"]));
        Assert.Equal(DnsRcode.NoError, granted.Rcode);
        Assert.Equal(new UpdateLeaseOption(1800), Assert.Single(granted.Edns!.Options));
        DnsMessage added = Event("L13", id);

        // --> the client's acknowledgement (L14): nothing is sent again
        await AcknowledgeAsync("L14", id, added.Id);
        // --> nsupdate's signed deletion (L15); <-- event, as L17, with the TTL that means gone; --> acknowledgement (L18)
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(DnsRcode.NoError, Parse(await SendAsync(s_wire["L15"])).Rcode);
        DnsMessage removed = Event("L17", id);
        Assert.Equal(uint.MaxValue, removed.Answers[0].Ttl);
        await AcknowledgeAsync("L18", id, removed.Id);
        Assert.Equal(1, _server.Llq.Count);
    }

    [Theory]
    [Trait("rfc", "9664§4")]
    [InlineData("A1", true)]
    [InlineData("A3", false)]
    [InlineData("A5", true)]
    [InlineData("A13", true)]
    public async Task Registration_ByAppleClient_IsTakenWithItsLease(string vector, bool adds)
    {
        _time.SetUtcNow(DateTimeOffset.FromUnixTimeSeconds(Convert.ToInt64(s_signed[vector][4], 16)));
        DnsMessage reply = Parse(await SendAsync(Hex.Bytes(s_signed[vector][6])));
        Assert.Equal(DnsRcode.NoError, reply.Rcode);
        Assert.Equal(new UpdateLeaseOption(7200), reply.Edns!.Find<UpdateLeaseOption>());
        Assert.NotNull(reply.Tsig);
        Assert.Equal(adds, _server.Zone.Current.Figures.Leased > 0);
    }

    [Fact]
    [Trait("rfc", "8764§7")]
    public async Task Refresh_OfAppleClient_IsAcknowledged()
    {
        ulong id = IdOf(await SendAsync(s_wire["L7"]));
        await SendAsync(WithId("L9", id));
        // It refreshes with the challenge response, its opcode changed.
        byte[] refresh = WithId("L9", id);
        BinaryPrimitives.WriteUInt16BigEndian(refresh.AsSpan(refresh.Length - 16), (ushort)LlqOpcode.Refresh);
        DnsMessage reply = Parse(await SendAsync(refresh));
        Assert.Equal(new LlqOption(LlqOpcode.Refresh, LlqError.NoError, id, 7200), reply.Option());
    }

    private static TsigKey LegacyKey(string name) =>
        new(DnsName.Parse(name), TsigAlgorithm.HmacMd5, Convert.FromBase64String("MTIzNDU2Nzg5MGFiY2RlZg=="), allowLegacy: true);

    private static IEnumerable<string[]> Lines(string file)
    {
        using Stream stream = typeof(AppleClientTests).Assembly.GetManifestResourceStream(file)!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' '))];
    }

    private static ulong IdOf(byte[] message) => BinaryPrimitives.ReadUInt64BigEndian(message.AsSpan(message.Length - IdFromEnd));

    private static byte[] WithId(string label, ulong id)
    {
        byte[] message = [.. s_wire[label]];
        BinaryPrimitives.WriteUInt64BigEndian(message.AsSpan(message.Length - IdFromEnd), id);
        return message;
    }

    // The OPT record's class is the sender's own payload size.
    private static void AssertAs(string label, byte[] answer, ulong id)
    {
        DnsMessage expected = Parse(WithId(label, id)), actual = Parse(answer);
        Assert.Equal((expected.Id, expected.Flags, expected.Opcode, expected.Rcode), (actual.Id, actual.Flags, actual.Opcode, actual.Rcode));
        Assert.Equal(expected.Questions, actual.Questions);
        Assert.Equal(expected.Answers, actual.Answers);
        Assert.Equal(expected.Option(), actual.Option());
        Assert.Equal(s_wire[label].Length, answer.Length);
    }

    private static DnsMessage Parse(byte[] bytes)
    {
        Assert.True(DnsMessage.TryParse(bytes, out DnsMessage? message));
        return message;
    }

    private DnsMessage Event(string label, ulong id)
    {
        DnsMessage sent = _server.TakeEvent(out IPEndPoint client), apples = Parse(s_wire[label]);
        Assert.Equal(s_client, client);
        Assert.Equal((apples.Flags, apples.Opcode), (sent.Flags, sent.Opcode));
        Assert.Equal(apples.Questions, sent.Questions);
        Assert.True(apples.Answers[0].IsSameAs(Assert.Single(sent.Answers)));
        // Apple's server put the remaining life there; RFC 8764 table 7 has 0.
        Assert.Equal(new LlqOption(LlqOpcode.Event, LlqError.NoError, id, 0), sent.Option());
        return sent;
    }

    private async Task AcknowledgeAsync(string label, ulong id, ushort messageId)
    {
        byte[] acknowledgement = WithId(label, id);
        BinaryPrimitives.WriteUInt16BigEndian(acknowledgement, messageId);
        Assert.Null(await _server.SendAsync(acknowledgement, s_client));
        _server.Advance(TimeSpan.FromSeconds(20));
        Assert.False(_server.Llq.TryTakeOutput(out _));
    }

    private async Task<DnsMessage> AnswerAsync(string label)
    {
        DnsMessage reply = Parse(await SendAsync(s_wire[label]));
        Assert.Equal(DnsFlags.Authoritative, reply.Flags & DnsFlags.Authoritative);
        return reply;
    }

    private async Task<byte[]> SendAsync(byte[] message)
    {
        byte[]? answer = await _server.SendAsync(message, s_client);
        Assert.NotNull(answer);
        return answer;
    }
}
