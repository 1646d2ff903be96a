using System.Net;
using Btmm.Protocol.Dns.Cookies;

namespace Btmm.Protocol.Tests.Dns;

public sealed class DnsServerCookieTests
{
    [Fact]
    public void SipHash_VectorsOfItsAuthors_Agree()
    {
        byte[] key = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        byte[] message = [.. Enumerable.Range(0, 15).Select(i => (byte)i)];
        Assert.Equal(0xa129ca6149be45e5, SipHash.Compute(key, message));
        Assert.Equal(0x726fdb47dd0e0e31UL, SipHash.Compute(key, []));
        Assert.Equal(0x93f5f5799a932462UL, SipHash.Compute(key, message.AsSpan(0, 8)));
    }

    [Theory, Trait("rfc", "9018§A")]
    [InlineData("e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100", 1559731985, "010000005cf79f111f8130c3eee29480")]
    [InlineData("e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100", 1559734385, "010000005cf7a871d4a564a1442aca77")]
    [InlineData("445536bcd2513298075a5d379663c962", "22681ab97d52c298", "2001:db8:220:1:59de:d0f4:8769:82b8", 1559741961, "010000005cf7c609a6bb79d16625507a")]
    public void Write_VectorsOfTheRfc_Agree(string secret, string client, string address, long time, string cookie)
    {
        byte[] written = new byte[DnsServerCookie.Size];
        DnsServerCookie.Write(Hex.Bytes(secret), Hex.Bytes(client), IPAddress.Parse(address).GetAddressBytes(), DateTimeOffset.FromUnixTimeSeconds(time), written);
        Assert.Equal(cookie, Convert.ToHexStringLower(written));
    }

    [Theory, Trait("rfc", "9018§A.3")]
    [InlineData(1559727985 + 1800, true)]
    public void IsValid_ReservedBytesOfAnotherMaker_AreTakenAsTheyCome(long now, bool isValid)
    {
        byte[] cookie = Hex.Bytes("01abcdef5cf78f71a314227b6679ebf5");
        Assert.Equal(isValid, DnsServerCookie.IsValid(
            Hex.Bytes("e5e973e5a6b2a43f48e7dc849e37bfcf"), Hex.Bytes("fc93fc62807ddb86"), cookie, IPAddress.Parse("203.0.113.203").GetAddressBytes(), DateTimeOffset.FromUnixTimeSeconds(now), out bool isFresh));
        Assert.False(isFresh);
    }

    [Theory, Trait("rfc", "9018§4.3")]
    [InlineData(0, true, true)]
    [InlineData(1799, true, true)]
    [InlineData(1800, true, false)]
    [InlineData(3600, true, false)]
    [InlineData(3601, false, false)]
    [InlineData(-300, true, true)]
    [InlineData(-301, false, false)]
    public void IsValid_ByAge_LivesAnHourAndIsRenewedAfterHalfOfIt(int age, bool isValid, bool isFresh)
    {
        byte[] secret = new byte[16];
        byte[] client = [1, 2, 3, 4, 5, 6, 7, 8];
        byte[] cookie = new byte[DnsServerCookie.Size];
        DateTimeOffset made = DateTimeOffset.FromUnixTimeSeconds(uint.MaxValue - 100L); // the seconds overflow meanwhile
        DnsServerCookie.Write(secret, client, [192, 0, 2, 1], made, cookie);
        Assert.Equal(isValid, DnsServerCookie.IsValid(secret, client, cookie, [192, 0, 2, 1], made.AddSeconds(age), out bool fresh));
        Assert.Equal(isFresh, fresh && isValid);
    }

    [Fact]
    public void IsValid_AnythingElse_IsNot()
    {
        byte[] secret = new byte[16];
        byte[] client = [1, 2, 3, 4, 5, 6, 7, 8];
        byte[] cookie = new byte[DnsServerCookie.Size];
        DateTimeOffset now = DateTimeOffset.FromUnixTimeSeconds(1_700_000_000);
        DnsServerCookie.Write(secret, client, [192, 0, 2, 1], now, cookie);
        Assert.False(DnsServerCookie.IsValid(secret, client, cookie, [192, 0, 2, 2], now, out _));
        Assert.False(DnsServerCookie.IsValid(secret, [1, 2, 3, 4, 5, 6, 7, 9], cookie, [192, 0, 2, 1], now, out _));
        Assert.False(DnsServerCookie.IsValid([.. new byte[15], 1], client, cookie, [192, 0, 2, 1], now, out _));
        foreach (byte[] bad in Mutations.Truncations(cookie).Concat(Mutations.SingleByteChanges(cookie)))
            Assert.False(DnsServerCookie.IsValid(secret, client, bad, [192, 0, 2, 1], now, out _));
    }

    [Theory, Trait("rfc", "7873§5.2.2")]
    [InlineData(0, false)]
    [InlineData(7, false)]
    [InlineData(8, true)]
    [InlineData(9, false)]
    [InlineData(15, false)]
    [InlineData(16, true)]
    [InlineData(40, true)]
    [InlineData(41, false)]
    public void IsWellFormed_ByLength(int length, bool isWellFormed) => Assert.Equal(isWellFormed, DnsServerCookie.IsWellFormed(new byte[length]));
}
