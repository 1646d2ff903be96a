using Btmm.Protocol.Dns;
using Btmm.Server.Storage;
using Btmm.Server.Storage.Postgres;

namespace Btmm.Server.Tests;

/// <summary>What a database's journal holds beside records; whoever may write to the database may have written it.</summary>
public sealed class StepCodecTests
{
    private static readonly DateTimeOffset s_now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly SignedUpdate[] s_updates = [new(new byte[] { 1, 2, 3 }, DnsRcode.NoError), new(new byte[64], DnsRcode.NotZone), new(Array.Empty<byte>(), (DnsRcode)0x123)];

    [Fact]
    public void Updates_AsBytes_AreRcodeLengthAndMac() =>
        Assert.Equal([0, 6, 2, 0xAB, 0xCD], StepCodec.EncodeUpdates([new SignedUpdate(new byte[] { 0xAB, 0xCD }, DnsRcode.YXDomain)]));

    [Fact]
    public void Updates_WrittenAndRead_AreTheSame()
    {
        List<SignedUpdate>? read = StepCodec.DecodeUpdates(StepCodec.EncodeUpdates(s_updates));
        Assert.Equal(s_updates.Select(static item => (Convert.ToHexString(item.Mac.Span), item.Rcode)), read?.Select(static item => (Convert.ToHexString(item.Mac.Span), item.Rcode)));
    }

    [Fact]
    public void Updates_CutAnywhere_AreFewerOrNone()
    {
        byte[] bytes = StepCodec.EncodeUpdates(s_updates);
        int[] ends = [0, 6, 73, 76];
        for (int length = 0; length <= bytes.Length; length++)
        {
            int whole = Array.IndexOf(ends, length);
            Assert.Equal(whole < 0 ? null : whole, StepCodec.DecodeUpdates(bytes.AsSpan(0, length))?.Count);
        }
    }

    [Fact]
    public void Updates_WithAnyByteChanged_DoNoHarm()
    {
        byte[] bytes = StepCodec.EncodeUpdates(s_updates);
        for (int at = 0; at < bytes.Length; at++)
        {
            for (int value = 0; value < 256; value++)
            {
                byte[] changed = [.. bytes];
                changed[at] = (byte)value;
                StepCodec.DecodeUpdates(changed);
            }
        }
    }

    [Fact]
    public void Leases_WrittenAndReadOnAnotherClock_KeepTheirLength()
    {
        DnsRecord record = Records.A(TestZones.Alice, "192.0.2.1");
        StoredRecord[] records = [new(record, s_now + TimeSpan.FromTicks(12_345_670)), new(record, null), new(record, s_now - TimeSpan.FromHours(1))];
        byte[] bytes = StepCodec.EncodeLeases(records, s_now);
        Assert.Equal(24, bytes.Length);
        DateTimeOffset other = s_now.AddYears(-3);
        List<StoredRecord>? read = StepCodec.Join([record, record, record], bytes, other);
        Assert.Equal([other + TimeSpan.FromTicks(12_345_670), null, other - TimeSpan.FromHours(1)], read?.Select(static item => item.LeaseEnd));
        for (int length = 0; length < bytes.Length; length++)
            Assert.Null(StepCodec.Join([record, record, record], bytes.AsSpan(0, length), other));
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue + 1)]
    public void Leases_BeyondAllTime_AreNotRead(long microseconds)
    {
        byte[] bytes = new byte[8];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(bytes, microseconds);
        Assert.Null(StepCodec.Join([Records.A(TestZones.Alice, "192.0.2.1")], bytes, s_now));
    }
}
