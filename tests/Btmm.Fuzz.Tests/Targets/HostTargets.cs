using System.Text;
using Btmm.Core.Node;
using Btmm.Core.SignOn;
using Btmm.Platform.Linux;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Fuzz.Tests.Targets;

internal static class HostTargets
{
    internal static IEnumerable<FuzzTarget> All =>
    [
        new("account-file", [Account()], AccountFile),
        new("journal", [.. JournalLines()], JournalText),
        new("netlink", [Netlink()], NetlinkData),
    ];

    private static bool AccountFile(byte[] bytes)
    {
        if (!AccountJson.TryRead(bytes, out BtmmAccount? account))
            return false;
        account.Dispose();
        return true;
    }

    private static bool JournalText(byte[] bytes)
    {
        if (!JournalLine.TryParse(Encoding.UTF8.GetString(bytes), out JournalLine? line))
            return false;
        line.TryGetChange(out _);
        return true;
    }

    private static IEnumerable<byte[]> JournalLines() =>
    [
        "{\"v\":1,\"op\":\"done\",\"id\":7}"u8.ToArray(),
        "{\"v\":1,\"op\":\"open\",\"id\":8,\"kind\":\"Mapping\",\"interface\":\"btmm0\",\"address\":\"fd00::1\",\"gateway\":\"192.0.2.1\",\"internalPort\":4500}"u8.ToArray(),
    ];

    private static byte[] Account()
    {
        var key = new TsigKey(DnsName.Parse("alice-key"), TsigAlgorithm.HmacSha256, new byte[32]);
        using var account = new BtmmAccount(DnsName.Parse("alice.example.net"), key, new byte[32]);
        return AccountJson.Write(account, withAuthorityKey: false);
    }

    private static bool NetlinkData(byte[] bytes)
    {
        ReadOnlySpan<byte> rest = bytes;
        bool isRead = false;
        while (NetlinkAttributes.TryReadMessage(ref rest, out ushort type, out ReadOnlySpan<byte> payload))
        {
            isRead |= NetworkChangeMessage.TryParse(type, payload, out _)
                | RouteMessage.TryParse(payload, out _) | AddressMessage.TryParse(payload, out _);
        }

        return isRead;
    }

    // A default route.
    private static byte[] Netlink()
    {
        byte[] route =
        [
            2, 0, 0, 0, 254, 3, 0, 1, 0, 0, 0, 0, .. Attribute(15, BitConverter.GetBytes(254)), .. Attribute(5, [192, 168, 1, 1]), .. Attribute(4, BitConverter.GetBytes(7)),
            .. Attribute(6, BitConverter.GetBytes(100)), .. Attribute(9, [12, 0, 0, 0, 3, 0, 0, 0, 4, 0, 1, 0]),
        ];
        return [.. BitConverter.GetBytes(16 + route.Length), 24, 0, 0, 0, .. new byte[8], .. route];
    }

    private static byte[] Attribute(ushort type, byte[] value) =>
        [.. BitConverter.GetBytes((ushort)(4 + value.Length)), .. BitConverter.GetBytes(type), .. value];
}
