using System.Buffers.Binary;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Edns;
using Btmm.Server.Hosting;

namespace Btmm.Server.Tests;

/// <summary>
/// The mistakes of RFC 9267, made by hand and sent to the server as queries, updates and long-lived queries, by datagram and over a
/// connection: FORMERR or nothing, no exception, nothing changed.
/// </summary>
public sealed class MalformedMessageTests : IDisposable
{
    private const ushort QueryBits = 0x0100;
    private const ushort UpdateBits = 0x2800;

    private readonly ServerHarness _server = new(isPublic: true);
    private readonly byte[] _apex;
    private readonly uint _serial;

    public MalformedMessageTests()
    {
        _apex = _server.Apex.Wire.ToArray();
        _serial = _server.Serial;
    }

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("rfc", "9267§2")]
    public async Task Pointers_ToThemselvesForwardInLoopsOrBeyondTheEnd_AreFormErr()
    {
        foreach (byte[] name in new byte[][]
                 {
                     [0xC0, 12], // itself
                     [0xC0, 14], // forward
                     [1, (byte)'a', 0xC0, 12], // the label before it, for ever
                     [0xC0, 14, 0xC0, 12], // one another
                     [0xFF, 0xFF], // far beyond
                     [0xC0, 0], // into the header: a name of sorts, of which half is not one
                     [0xC0], // half a pointer
                     [0x80, 0], [0x40, 0], // the other two kinds of labels
                 })
        {
            await CheckAsync(Message(QueryBits, 1, 0, 0, 0, [.. name, 0, 1, 0, 1]), mayBeAnswered: name is [0xC0, 0]);
            await CheckAsync(Message(UpdateBits, 1, 0, 0, 0, [.. name, 0, 6, 0, 1]), mayBeAnswered: name is [0xC0, 0]);
        }
    }

    [Fact]
    [Trait("rfc", "9267§2")]
    public async Task Pointers_InDataToWhatFollows_AreFormErr()
    {
        byte[] record = [0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xC0, 0xFF]; // CNAME, its target beyond the message
        await CheckAsync(Message(UpdateBits, 1, 0, 1, 0, [.. Zone(), .. record]));
        record[^1] = (byte)(12 + _apex.Length + 4 + 12); // itself
        await CheckAsync(Message(UpdateBits, 1, 0, 1, 0, [.. Zone(), .. record]));
    }

    [Fact]
    [Trait("rfc", "9267§3")]
    public async Task Names_LongerThan255OrLabelsLongerThan63_AreFormErr()
    {
        byte[] label = [63, .. new byte[63]];
        await CheckAsync(Message(QueryBits, 1, 0, 0, 0, [.. label, .. label, .. label, .. label, 0, 0, 1, 0, 1])); // 257 bytes
        await CheckAsync(Message(QueryBits, 1, 0, 0, 0, [64, .. new byte[64], 0, 0, 1, 0, 1]));
        // Long only by its pointer: 3 labels of 63 before a name of 3 labels of 63.
        byte[] first = [.. label, .. label, .. label, 0];
        await CheckAsync(Message(UpdateBits, 1, 1, 0, 0, [.. first, 0, 6, 0, 1, .. label, .. label, .. label, 0xC0, 12, 0, 1, 0, 255, 0, 0, 0, 0, 0, 0]));
    }

    [Fact]
    [Trait("rfc", "9267§4")]
    public async Task Names_WithoutAnEnd_AreFormErr()
    {
        await CheckAsync(Message(QueryBits, 1, 0, 0, 0, [3, (byte)'w', (byte)'w', (byte)'w']));
        await CheckAsync(Message(QueryBits, 1, 0, 0, 0, [.. _apex[..^1]]));
        await CheckAsync(Message(QueryBits, 1, 0, 0, 0, [3, (byte)'w']));
        await CheckAsync(Message(QueryBits, 1, 0, 0, 0, [.. _apex, 0, 1]));
    }

    [Fact]
    [Trait("rfc", "9267§5")]
    public async Task Data_LongerOrShorterThanItsLength_IsFormErr()
    {
        foreach ((ushort type, byte[] data) in new (ushort, byte[])[]
                 {
                     (1, new byte[3]), (1, new byte[5]), (28, new byte[15]), (28, new byte[17]), (33, new byte[6]), (6, new byte[20]),
                     (16, [5, 1, 2]), (5, [3, 1]), (5, [0, 0]), (25, new byte[3]), (250, new byte[4]),
                 })
        {
            await CheckAsync(Message(UpdateBits, 1, 0, 1, 0, [.. Zone(), .. Record(type, (ushort)data.Length, data)]));
            await CheckAsync(Message(UpdateBits, 1, 0, 1, 0, [.. Zone(), .. Record(type, (ushort)(data.Length + 1), data)])); // beyond the end
            await CheckAsync(Message(UpdateBits, 1, 0, 1, 0, [.. Zone(), .. Record(type, ushort.MaxValue, data)]));
        }
    }

    [Fact]
    [Trait("rfc", "9267§5")]
    public async Task Options_LongerThanTheirRecord_AreFormErr()
    {
        foreach (byte[] options in new byte[][] { [0, 1, 0, 18], [0, 1, 0, 18, 0, 1, 0, 1], [0, 1, 0xFF, 0xFF, 0], [0, 1, 0], [0] })
        {
            byte[] opt = [0, 0, 41, 4, 0xD0, 0, 0, 0, 0, 0, (byte)options.Length, .. options];
            await CheckAsync(Message(QueryBits, 1, 0, 0, 1, [.. Question(1), .. opt]));
        }
    }

    [Theory]
    [Trait("rfc", "9267§6")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Counts_MoreThanThereIs_AreFormErr(int section)
    {
        foreach (ushort claimed in new ushort[] { 2, 255, 32_768, ushort.MaxValue })
        {
            ushort[] counts = [1, 0, 0, 0];
            counts[section] = claimed;
            await CheckAsync(Message(QueryBits, counts[0], counts[1], counts[2], counts[3], Question(1)));
            await CheckAsync(Message(UpdateBits, counts[0], counts[1], counts[2], counts[3], Zone()));
        }
    }

    [Fact]
    [Trait("rfc", "9267§6")]
    public async Task Counts_FewerThanThereIs_AreFormErr()
    {
        await CheckAsync(Message(QueryBits, 0, 0, 0, 0, Question(1)));
        await CheckAsync(Message(UpdateBits, 1, 0, 0, 0, [.. Zone(), .. Record(1, 4, new byte[4])]));
    }

    [Fact]
    public async Task Message_OfTheLargestSizeFullOfRecords_IsAnsweredOnce()
    {
        // 65,535 bytes of the smallest records there are, each of the root, unsigned.
        byte[] record = [0, 0, 1, 0, 255, 0, 0, 0, 0, 0, 0];
        int count = (DnsMessage.MaxSize - 12 - Zone().Length) / record.Length;
        byte[] all = [.. Enumerable.Repeat(record, count).SelectMany(static bytes => bytes)];
        await CheckAsync(Message(UpdateBits, 1, 0, (ushort)count, 0, [.. Zone(), .. all]), mayBeAnswered: true);
        await CheckAsync(Message(UpdateBits, 1, (ushort)count, 0, 0, [.. Zone(), .. all]), mayBeAnswered: true);
    }

    [Theory]
    [Trait("rfc", "2136§3.1.1")]
    [InlineData(DnsClass.CH)]
    [InlineData(DnsClass.ANY)]
    [InlineData(DnsClass.NONE)]
    [InlineData((DnsClass)0)]
    public async Task Update_OfAnotherClass_IsNotAuthAndOfItsRecordsFormErr(DnsClass @class)
    {
        DnsRecord record = Records.A(_server.Name("studio"), "192.0.2.1");
        DnsMessage zone = ServerHarness.Update(_server.Apex, [record]) with { Questions = [new DnsQuestion(_server.Apex, DnsType.SOA, @class)] };
        Assert.Equal(DnsRcode.NotAuth, (await _server.AskAsync(zone, _server.Key)).Rcode);
        DnsMessage records = await _server.UpdateAsync([record with { Class = @class, Ttl = 60 }]);
        Assert.Equal(DnsRcode.FormErr, records.Rcode);
        Assert.Equal(_serial, _server.Serial);
    }

    [Fact]
    public async Task LongLivedQuery_WithMoreQuestionsThanAnybodyNeeds_IsFormErr()
    {
        DnsMessage request = new()
        {
            Questions = [.. Enumerable.Range(0, 33).Select(i => new DnsQuestion(_server.Name($"h{i}"), DnsType.A))],
            Additional = [new EdnsInfo([.. Enumerable.Repeat<EdnsOption>(LlqRequests.Setup(), 33)]).ToRecord()],
        };
        Assert.Equal(DnsRcode.FormErr, (await _server.AskAsync(request, _server.Key)).Rcode);
        Assert.Equal(0, _server.Llq.Count);
    }

    private byte[] Question(ushort type) => [.. _apex, (byte)(type >> 8), (byte)type, 0, 1];

    private byte[] Zone() => Question(6);

    private static byte[] Record(ushort type, ushort length, byte[] data) =>
        [0xC0, 12, (byte)(type >> 8), (byte)type, 0, 1, 0, 0, 0, 60, (byte)(length >> 8), (byte)length, .. data];

    private static byte[] Message(ushort bits, ushort questions, ushort answers, ushort authority, ushort additional, byte[] body)
    {
        byte[] message = new byte[DnsHeader.Size + body.Length];
        Assert.True(new DnsHeader(0x1234, bits, questions, answers, authority, additional).TryWrite(message));
        body.CopyTo(message, DnsHeader.Size);
        return message;
    }

    // By datagram, over a connection, and as a response, which gets no answer whatever is in it.
    private async Task CheckAsync(byte[] message, bool mayBeAnswered = false)
    {
        using var peer = new FakePeer();
        foreach (byte[]? answer in new[] { await _server.SendAsync(message), await _server.SendAsync(message, peer: peer) })
        {
            Assert.True(DnsHeader.TryRead(answer, out DnsHeader header), Convert.ToHexString(message));
            Assert.True(header.IsResponse);
            Assert.Equal(0x1234, header.Id);
            Assert.True(mayBeAnswered ? header.Rcode != DnsRcode.NoError : header.Rcode == DnsRcode.FormErr, $"{header.Rcode} {Convert.ToHexString(message)}");
            Assert.True(answer!.Length <= message.Length);
        }

        byte[] response = [.. message];
        BinaryPrimitives.WriteUInt16BigEndian(response.AsSpan(2), (ushort)(BinaryPrimitives.ReadUInt16BigEndian(response.AsSpan(2)) | 0x8000));
        Assert.Null(await _server.SendAsync(response));
        Assert.Equal(_serial, _server.Serial);
        Assert.Equal(0, _server.Metrics.Read(ServerCount.RequestsFailed));
        Assert.Equal(0, _server.Llq.Count);
    }
}
