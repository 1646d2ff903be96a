using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Cookies;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Fuzz.Tests.Targets;

internal static class DnsTargets
{
    private static readonly DateTimeOffset s_now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
    private static readonly TsigKey s_key = new(DnsName.Parse("key.example.net"), TsigAlgorithm.HmacSha256, new byte[32]);
    private static readonly TsigKeyRing s_ring = new([s_key]);

    internal static IEnumerable<FuzzTarget> All =>
    [
        new("dns-message", [.. DnsVectors.Messages, .. DnsVectors.Signed], Message),
        new("dns-request", [.. DnsVectors.Messages, .. DnsVectors.Signed], RequestView),
        new("dns-data", [.. DataSamples()], Data),
        new("dns-name", [[3, .. "www"u8, 7, .. "example"u8, 0], [0], [1, .. "*"u8, 0]], Name),
        new("tsig", [Signed(), .. DnsVectors.Signed], Tsig),
        new("edns-options", [.. OptionSamples()], Options),
    ];

    // What was read can be written, and reads the same again.
    private static bool Message(byte[] bytes)
    {
        if (!DnsMessage.TryParse(bytes, out DnsMessage? message))
            return false;
        _ = message.ToString();
        byte[] buffer = new byte[DnsMessage.MaxSize];
        if (message.TryWrite(buffer, out int length))
        {
            Assert.True(DnsMessage.TryParse(buffer.AsSpan(0, length), out DnsMessage? again));
            Assert.Equal(message.Answers, again.Answers);
            Assert.Equal(message.Authority, again.Authority);
            Assert.Equal(message.Additional, again.Additional);
        }

        message.TryWriteTruncating(buffer.AsSpan(0, 512), out _);
        return true;
    }

    private static bool RequestView(byte[] bytes)
    {
        if (!DnsRequestView.TryParse(bytes, out DnsRequestView view))
        {
            Assert.False(DnsMessage.TryParse(bytes, out _));
            return false;
        }

        Assert.True(view.Header.QuestionCount == 0 || DnsNameWire.IsValid(view.Name));
        for (ushort code = 0; code < 20; code++)
        {
            if (view.TryFindOption(code, out ReadOnlySpan<byte> option))
                EdnsOption.Read(code, option);
        }

        return true;
    }

    // Two bytes of type, then data.
    private static bool Data(byte[] bytes)
    {
        if (bytes.Length < 2)
            return false;
        var type = (DnsType)((bytes[0] << 8) | bytes[1]);
        if (!DnsData.TryRead(bytes, type, 2, bytes.Length - 2, out DnsData? data))
            return false;
        _ = data.ToString();
        byte[] buffer = new byte[DnsMessage.MaxSize];
        var writer = new DnsMessageWriter(buffer, names: DnsNameForm.Whole);
        Assert.True(data.TryWrite(ref writer));
        Assert.True(DnsData.TryRead(buffer.AsSpan(0, writer.Length), type, DnsHeader.Size, writer.Length - DnsHeader.Size, out DnsData? again));
        Assert.Equal(data, again);
        Assert.Equal(data.GetHashCode(), again.GetHashCode());
        return true;
    }

    private static bool Name(byte[] bytes)
    {
        if (!DnsName.TryFromWire(bytes, out DnsName? name))
            return false;
        Assert.True(DnsName.TryParse(name.ToString(), out DnsName? again));
        Assert.Equal(name, again);
        Assert.Equal(0, name.CompareTo(again));
        return true;
    }

    private static bool Tsig(byte[] bytes)
    {
        var server = new TsigServerTransaction();
        TsigStatus status = server.Verify(bytes, s_ring, s_now);
        byte[] answer = new byte[1024];
        server.TrySignResponse(answer, DnsHeader.Size, s_now, out _);
        using var client = new TsigClientTransaction(s_key);
        byte[] ask = new byte[512];
        client.TrySignRequest(ask, DnsHeader.Size, s_now, out _);
        client.VerifyResponse(bytes, s_now);
        return status is not (TsigStatus.NotSigned or TsigStatus.Malformed);
    }

    // Options as in an OPT record.
    private static bool Options(byte[] bytes)
    {
        if (!DnsData.TryRead(bytes, DnsType.OPT, 0, bytes.Length, out DnsData? data))
            return false;
        foreach (EdnsOption option in ((OptData)data).Options)
        {
            byte[] written = new byte[option.DataLength];
            option.WriteData(written);
            Assert.Equal(option, EdnsOption.Read(option.Code, written));
            _ = option.ToString();
            if (option.Code == DnsServerCookie.OptionCode && DnsServerCookie.IsWellFormed(written))
                DnsServerCookie.IsValid(new byte[16], written.AsSpan(0, 8), written.AsSpan(8), [192, 0, 2, 1], s_now, out _);
        }

        return true;
    }

    private static byte[] Signed()
    {
        byte[] buffer = new byte[512];
        new DnsMessage { Id = 1, Questions = [new DnsQuestion(DnsName.Parse("example.net"), DnsType.SOA)] }.TryWrite(buffer, out int length);
        using var client = new TsigClientTransaction(s_key);
        client.TrySignRequest(buffer, length, s_now, out length);
        return buffer[..length];
    }

    private static IEnumerable<byte[]> DataSamples() => Dns(
        new SoaData(DnsName.Parse("ns.example.net"), DnsName.Parse("admin.example.net"), 1, 2, 3, 4, 5),
        new SrvData(1, 2, 3, DnsName.Parse("host.example.net")),
        new MxData(10, DnsName.Parse("mail.example.net")),
        new TxtData("one", "two"),
        new KeyData(512, 3, 13, new byte[8]),
        new CnameData(DnsName.Parse("a.example.net")),
        new TsigData(DnsName.Parse("hmac-sha256"), 1, 300, new byte[32], 1, TsigError.None, Array.Empty<byte>()),
        new UnknownData((DnsType)65280, new byte[4]));

    private static IEnumerable<byte[]> Dns(params DnsData[] samples)
    {
        foreach (DnsData data in samples)
        {
            byte[] buffer = new byte[1024];
            var writer = new DnsMessageWriter(buffer, names: DnsNameForm.Whole);
            Assert.True(data.TryWrite(ref writer));
            yield return [(byte)((int)data.Type >> 8), (byte)data.Type, .. buffer.AsSpan(DnsHeader.Size, writer.Length - DnsHeader.Size)];
        }
    }

    private static IEnumerable<byte[]> OptionSamples()
    {
        byte[] buffer = new byte[1024];
        var writer = new DnsMessageWriter(buffer);
        var options = new OptData(
        [
            new LlqOption(LlqOpcode.Setup, LlqError.NoError, 1, 3600), new UpdateLeaseOption(1, 2), new UpdateLeaseOption(1),
            new ExtendedErrorOption(ExtendedDnsError.Prohibited, "no"), new UnknownOption(DnsServerCookie.OptionCode, new byte[24]),
        ]);
        Assert.True(options.TryWrite(ref writer));
        yield return buffer[DnsHeader.Size..writer.Length];
    }
}
