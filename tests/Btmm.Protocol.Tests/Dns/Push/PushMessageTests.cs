using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Dso;
using Btmm.Protocol.Dns.Push;

namespace Btmm.Protocol.Tests.Dns.Push;

/// <summary>The messages of DNS Push Notifications (RFC 8765 §6).</summary>
public sealed class PushMessageTests
{
    private static readonly DnsName s_name = DnsName.Parse("a.test");
    private static readonly DnsRecord s_address = new(s_name, 120, new AData(IPAddress.Parse("192.0.2.1")));

    private const string Header = "000030000000000000000000";

    private static readonly byte[] s_subscribe = Convert.FromHexString("000530000000000000000000" + "0040000C" + "0161047465737400" + "00010001");
    private static readonly byte[] s_push = Convert.FromHexString(
        Header + "00410022" + "0161047465737400" + "00010001" + "00000078" + "0004" + "C0000201" + "C010" + "001C0001" + "FFFFFFFE" + "0000");

    [Fact]
    [Trait("rfc", "8765§6.2.1")]
    public void Subscribe_Vector_IsWrittenAndRead()
    {
        var question = new DnsQuestion(s_name, DnsType.A);
        Assert.Equal(s_subscribe, PushMessages.Subscribe(5, question));
        Assert.Equal(DsoParseError.None, DsoMessageView.TryRead(s_subscribe, out DsoMessageView view));
        Assert.True(PushMessages.TryReadSubscribe(view, view.Primary!.Value, out DnsQuestion? read));
        Assert.Equal(question, read);
    }

    [Theory]
    [Trait("rfc", "8765§6.2.1")]
    [InlineData("0161047465737400" + "0001")] // no class
    [InlineData("0161047465737400" + "00010001" + "00")] // more than one name, type and class
    [InlineData("C00C" + "00010001")] // a name that points into the header
    [InlineData("")]
    public void Subscribe_OfAnotherForm_IsNotRead(string data)
    {
        byte[] bad = Message("0005", 0x40, data);
        Assert.Equal(DsoParseError.None, DsoMessageView.TryRead(bad, out DsoMessageView view));
        Assert.False(PushMessages.TryReadSubscribe(view, view.Primary!.Value, out _));
    }

    [Fact]
    [Trait("rfc", "8765§6.4.1")]
    public void Unsubscribe_Vector_IsWrittenAndRead()
    {
        byte[] bytes = PushMessages.Unsubscribe(0x1234);
        Assert.Equal(Convert.FromHexString(Header + "00420002" + "1234"), bytes);
        DsoMessageView.TryRead(bytes, out DsoMessageView view);
        Assert.True(PushMessages.TryReadUnsubscribe(view, view.Primary!.Value, out ushort id));
        Assert.Equal(0x1234, id);
    }

    [Fact]
    [Trait("rfc", "8765§6.5.1")]
    public void Reconfirm_Vector_IsWrittenAndRead()
    {
        byte[] bytes = PushMessages.Reconfirm(s_address);
        Assert.Equal(Convert.FromHexString(Header + "00430010" + "0161047465737400" + "00010001" + "C0000201"), bytes);
        DsoMessageView.TryRead(bytes, out DsoMessageView view);
        Assert.True(PushMessages.TryReadReconfirm(view, view.Primary!.Value, out DnsRecord? record));
        Assert.True(record.IsSameAs(s_address));
    }

    [Theory]
    [Trait("rfc", "8765§6.5.1")]
    [InlineData("00FF0001")]
    [InlineData("000100FF")]
    public void Reconfirm_OfAnyTypeOrClass_IsNotRead(string typeAndClass)
    {
        DsoMessageView.TryRead(Message("0000", 0x43, "0161047465737400" + typeAndClass + "C0000201"), out DsoMessageView view);
        Assert.False(PushMessages.TryReadReconfirm(view, view.Primary!.Value, out _));
    }

    [Fact]
    [Trait("rfc", "8765§6.3.1")]
    public void Push_Vector_IsWrittenWithCompressedNames()
    {
        byte[] buffer = new byte[512];
        var writer = new PushMessageWriter(buffer);
        Assert.True(writer.TryWrite(PushChange.Add(s_address)));
        Assert.True(writer.TryWrite(PushChange.RemoveSet(s_name, DnsType.AAAA, DnsClass.IN)));
        Assert.Equal(s_push, buffer[..writer.Finish()]);
    }

    [Fact]
    [Trait("rfc", "8765§6.3.1")]
    public void Push_EveryKindOfChange_ComesBackAsItWas()
    {
        PushChange[] changes =
        [
            PushChange.Add(s_address),
            PushChange.Add(new DnsRecord(s_name, 120, new SrvData(0, 0, 4500, DnsName.Parse("b.a.test")))),
            PushChange.Remove(s_address with { Ttl = 0 }),
            PushChange.Add(new DnsRecord(s_name, (DnsType)42, DnsClass.IN, 0, new UnknownData((DnsType)42, Array.Empty<byte>()))),
            PushChange.Remove(new DnsRecord(s_name, (DnsType)42, DnsClass.IN, 0, new UnknownData((DnsType)42, Array.Empty<byte>()))),
            PushChange.RemoveSet(s_name, DnsType.SRV, DnsClass.IN),
            PushChange.RemoveClass(s_name, DnsClass.CH),
            PushChange.RemoveName(s_name),
        ];
        Assert.Equal(changes, Read(Write(changes), out bool isFatal));
        Assert.False(isFatal);
    }

    [Fact]
    [Trait("rfc", "8765§6.3.1")]
    public void Push_RemovalOfAName_HasTypeZeroAndAnyTypeIsTaken()
    {
        byte[] bytes = Write(PushChange.RemoveName(s_name));
        Assert.Equal("000000FF" + "FFFFFFFE" + "0000", Convert.ToHexString(bytes.AsSpan(^10)));
        bytes[^10] = 0x7F;
        Assert.Equal([PushChange.RemoveName(s_name)], Read(bytes, out _));
    }

    [Theory]
    [Trait("rfc", "8765§6.3.1")]
    [InlineData("")] // no notification at all
    [InlineData("0161047465737400" + "00FF0001" + "00000078" + "0000")] // adds type ANY
    [InlineData("0161047465737400" + "000100FF" + "00000078" + "0004C0000201")] // adds class ANY
    [InlineData("0161047465737400" + "00FF0001" + "FFFFFFFF" + "0000")] // removes one of type ANY
    [InlineData("0161047465737400" + "000100FF" + "FFFFFFFF" + "0004C0000201")] // removes one of class ANY
    [InlineData("0161047465737400" + "00010001" + "FFFFFFFE" + "0004C0000201")] // removes all, with data
    [InlineData("0161047465737400" + "00010001" + "00000078" + "0005C0000201")] // data beyond the end
    [InlineData("0161047465737400" + "00010001" + "00000078" + "0003C00002")] // an address of three bytes
    [InlineData("0161047465737400" + "0001")] // ends in a record
    public void Push_OfForbiddenForm_IsFatal(string data)
    {
        Read(Message("0000", 0x41, data), out bool isFatal);
        Assert.True(isFatal);
    }

    [Theory]
    [Trait("rfc", "8765§6.3.1")]
    [InlineData("80000000")]
    [InlineData("FFFFFFFD")]
    public void Push_WithATtlWithoutMeaning_IsPassedOver(string ttl)
    {
        string other = "0161047465737400" + "00010001" + ttl + "0004C0000202";
        string good = "0161047465737400" + "00010001" + "00000078" + "0004C0000201";
        Assert.Equal([PushChange.Add(s_address)], Read(Message("0000", 0x41, other + good), out bool isFatal));
        Assert.False(isFatal);
    }

    [Fact]
    [Trait("rfc", "8765§6.3.1")]
    public void Push_LongestMessage_Is16382Bytes()
    {
        byte[] buffer = new byte[DnsMessage.MaxSize];
        var writer = new PushMessageWriter(buffer);
        int count = 0;
        while (writer.TryWrite(PushChange.Add(new DnsRecord(s_name, 1, new AData(new IPAddress(count)))))) count++;
        int length = writer.Finish();
        Assert.InRange(length, PushMessageWriter.MaxSize - 16, PushMessageWriter.MaxSize);
        Assert.Equal(count, Read(buffer[..length], out bool isFatal).Count);
        Assert.False(isFatal);
    }

    [Fact]
    [Trait("rfc", "8765§6.3.1")]
    public void Push_LongerThan16382Bytes_IsFatal()
    {
        byte[] good = Write(PushChange.Add(s_address));
        byte[] padding = new byte[PushMessageWriter.MaxSize + 1 - good.Length - 4];
        byte[] bytes = [.. good, 0, 3, (byte)(padding.Length >> 8), (byte)padding.Length, .. padding];
        Assert.Equal(PushMessageWriter.MaxSize + 1, bytes.Length);
        Read(bytes, out bool isFatal);
        Assert.True(isFatal);
    }

    [Fact]
    public void Push_Empty_IsNotWritten() => Assert.Equal(0, new PushMessageWriter(new byte[100]).Finish());

    [Fact]
    public void Messages_CutOrChangedAtRandom_NeverThrow()
    {
        byte[][] good = [s_subscribe, s_push, PushMessages.Reconfirm(s_address), PushMessages.Unsubscribe(3), Write(PushChange.RemoveName(s_name), PushChange.Add(s_address))];
        IEnumerable<byte[]> bad = good.SelectMany(Mutations.Truncations).Concat(good.SelectMany(Mutations.SingleByteChanges)).Concat(Mutations.Random(good, 50_000, seed: 8765));
        foreach (byte[] bytes in bad)
        {
            if (DsoMessageView.TryRead(bytes, out DsoMessageView view) != DsoParseError.None || view.Primary is not { } tlv) continue;
            PushMessages.TryReadSubscribe(view, tlv, out _);
            PushMessages.TryReadUnsubscribe(view, tlv, out _);
            PushMessages.TryReadReconfirm(view, tlv, out _);
            var reader = new PushReader(view, tlv);
            while (reader.TryRead(out _)) { }
        }
    }

    internal static byte[] Write(params PushChange[] changes)
    {
        byte[] buffer = new byte[PushMessageWriter.MaxSize];
        var writer = new PushMessageWriter(buffer);
        foreach (PushChange change in changes) Assert.True(writer.TryWrite(change));
        return buffer[..writer.Finish()];
    }

    internal static byte[] Message(string id, int type, string data) =>
        Convert.FromHexString(id + "30000000000000000000" + $"{type:X4}" + $"{data.Length / 2:X4}" + data);

    private static List<PushChange> Read(byte[] bytes, out bool isFatal)
    {
        Assert.Equal(DsoParseError.None, DsoMessageView.TryRead(bytes, out DsoMessageView view));
        var reader = new PushReader(view, view.Primary!.Value);
        var changes = new List<PushChange>();
        while (reader.TryRead(out PushChange? change)) changes.Add(change);
        isFatal = reader.IsFatal;
        return changes;
    }
}
