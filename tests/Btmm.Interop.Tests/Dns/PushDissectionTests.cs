using System.Buffers.Binary;
using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Dns;

/// <summary>
/// Wireshark reads our messages of RFC 8490 and RFC 8765 as what they are meant to be. There is no other client or server of DNS Push
/// among the packages to talk to.
/// </summary>
public sealed class PushDissectionTests : IDisposable
{
    private const ushort Port = 5300;

    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-push-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    [Trait("rfc", "8490§5.4")]
    public async Task Messages_OfAllKinds_AreDissectedWithoutComplaint()
    {
        Assert.SkipUnless(Command.Exists("tshark"), "tshark is not installed.");
        var question = new DnsQuestion(DnsName.Parse("studio.alice.test"), DnsType.AAAA);
        var record = new DnsRecord(question.Name, 120, new AaaaData(IPAddress.Parse("fd00::1")));
        (byte[] Message, string Expected)[] messages =
        [
            (DsoMessages.Keepalive(1, DsoTimeouts.From(TimeSpan.FromSeconds(15), TimeSpan.FromHours(1)), isResponse: false, isPadded: true), "0x0001|0|1,3|15000|3600000|"),
            (DsoMessages.Keepalive(1, DsoTimeouts.Default, isResponse: true), "0x0001|1|1|15000|15000|"),
            (PushMessages.Subscribe(2, question), "0x0002|0|64|||"),
            (DsoMessages.Response(2, DnsRcode.Refused, TimeSpan.FromMinutes(5)), "0x0002|1|2|||300000"),
            (Push(PushChange.Add(record), PushChange.RemoveSet(question.Name, DnsType.SRV, DnsClass.IN), PushChange.RemoveName(question.Name)), "0x0000|0|65|||"),
            (PushMessages.Unsubscribe(2), "0x0000|0|66|||"),
            (PushMessages.Reconfirm(record), "0x0000|0|67|||"),
            (DsoMessages.RetryDelay(DnsRcode.ServFail, TimeSpan.FromSeconds(1)), "0x0000|0|2|||1000"),
        ];
        string[] fields = ["dns.id", "dns.flags.response", "dns.dso.tlv.type", "dns.dso.tlv.keepalive.inactivity", "dns.dso.tlv.keepalive.interval", "dns.dso.tlv.retrydelay.retrydelay"];
        string lines = await DissectAsync(messages.Select(static item => item.Message), ["-T", "fields", "-E", "separator=|", "-E", "occurrence=a", .. fields.SelectMany(static name => new[] { "-e", name })]);
        Assert.Equal(messages.Select(static item => item.Expected), lines.Trim().Split('\n'));
        string complaints = await DissectAsync(messages.Select(static item => item.Message), ["-Y", "_ws.malformed || dns.flags.opcode != 6"]);
        Assert.Empty(complaints.Trim());
    }

    private static byte[] Push(params PushChange[] changes)
    {
        byte[] buffer = new byte[PushMessageWriter.MaxSize];
        var writer = new PushMessageWriter(buffer);
        foreach (PushChange change in changes) Assert.True(writer.TryWrite(change));
        return buffer[..writer.Finish()];
    }

    private async Task<string> DissectAsync(IEnumerable<byte[]> messages, string[] options)
    {
        string file = Path.Combine(_directory, "messages.pcap");
        await File.WriteAllBytesAsync(file, Capture(messages));
        CommandResult result = await Command.RunAsync("tshark", ["-r", file, "-d", $"tcp.port=={Port},dns", .. options]);
        Assert.True(result.Succeeded, result.Error);
        return result.Output;
    }

    // A capture file of raw IPv4 packets, each with a TCP segment that holds one framed message.
    private static byte[] Capture(IEnumerable<byte[]> messages)
    {
        using var file = new MemoryStream();
        file.Write(Convert.FromHexString("A1B2C3D4" + "00020004" + "0000000000000000" + "0000FFFF" + "00000065"));
        uint sequence = 1;
        foreach (byte[] message in messages)
        {
            byte[] packet = new byte[40 + 2 + message.Length];
            packet[0] = 0x45;
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(2), (ushort)packet.Length);
            (packet[8], packet[9]) = (64, 6);
            IPAddress.Loopback.GetAddressBytes().CopyTo(packet, 12);
            IPAddress.Loopback.GetAddressBytes().CopyTo(packet, 16);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(20), 40000);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(22), Port);
            BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(24), sequence);
            (packet[32], packet[33]) = (0x50, 0x18);
            BinaryPrimitives.WriteUInt16BigEndian(packet.AsSpan(40), (ushort)message.Length);
            message.CopyTo(packet, 42);
            byte[] head = new byte[16];
            BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(8), packet.Length);
            BinaryPrimitives.WriteInt32BigEndian(head.AsSpan(12), packet.Length);
            file.Write(head);
            file.Write(packet);
            sequence += 2 + (uint)message.Length;
        }

        return file.ToArray();
    }
}
