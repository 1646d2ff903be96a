using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Protocol.Tests.NatTraversal;

/// <summary>The nonce of a PCP mapping.</summary>
public sealed class PcpNonceTests
{
    private const string Text = "000102030405060708090aff";

    [Fact]
    public void TryParse_Digits_SameBytesAndText()
    {
        Assert.True(PcpNonce.TryParse(Text, out PcpNonce nonce));
        byte[] bytes = new byte[PcpNonce.Length];
        Assert.True(nonce.TryWrite(bytes));
        Assert.Equal(Convert.FromHexString(Text), bytes);
        Assert.Equal(Text, nonce.ToString());
        Assert.True(PcpNonce.TryRead(bytes, out PcpNonce again));
        Assert.True(again == nonce);
        Assert.Equal(again.GetHashCode(), nonce.GetHashCode());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("000102030405060708090a")]
    [InlineData("000102030405060708090aff00")]
    [InlineData("000102030405060708090axy")]
    public void TryParse_NotTwentyFourDigits_False(string? text) => Assert.False(PcpNonce.TryParse(text, out _));

    [Fact]
    public void Equals_OneBitOtherwise_False()
    {
        Assert.True(PcpNonce.TryParse(Text, out PcpNonce nonce));
        byte[] bytes = new byte[PcpNonce.Length];
        for (int bit = 0; bit < PcpNonce.Length * 8; bit++)
        {
            nonce.TryWrite(bytes);
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.True(PcpNonce.TryRead(bytes, out PcpNonce other));
            Assert.True(other != nonce);
        }
    }

    [Fact]
    public void TryReadAndWrite_ElevenBytes_False()
    {
        Assert.False(PcpNonce.TryRead(new byte[PcpNonce.Length - 1], out PcpNonce nonce));
        Assert.False(nonce.TryWrite(new byte[PcpNonce.Length - 1]));
    }
}
