using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Protocol.Tests.Dns;

public sealed class TsigKeyFileTests
{
    private const string Good = """
        # made by tsig-keygen
        key "alice-key." { // comment
            algorithm hmac-sha256;
            secret "MTIzNDU2Nzg5MGFiY2RlZg==";
        };
        /* another { "one" } */ key bob{algorithm HMAC-SHA512;secret "AAEC";};
        options { directory "/x"; };
        """;

    [Fact]
    public void Text_OfBind_GivesItsKeys()
    {
        Assert.True(TsigKeyFile.TryParse(Good, allowLegacy: false, out IReadOnlyList<TsigKey>? keys, out string? error), error);
        Assert.Equal(["alice-key (hmac-sha256)", "bob (hmac-sha512)"], keys.Select(key => key.ToString()));
        byte[] secret = new byte[3];
        keys[1].CopySecretTo(secret);
        Assert.Equal([0, 1, 2], secret);
    }

    [Fact]
    public void Key_Formatted_IsReadAgain()
    {
        Assert.True(TsigKeyFile.TryParse(Good, allowLegacy: false, out IReadOnlyList<TsigKey>? keys, out _));
        Assert.True(TsigKeyFile.TryParse(TsigKeyFile.Format(keys[0]), allowLegacy: false, out IReadOnlyList<TsigKey>? again, out _));
        Assert.True(keys[0].Matches(Assert.Single(again)));
        Assert.False(keys[0].Matches(keys[1]));
    }

    [Theory]
    [InlineData("", "no key statement")]
    [InlineData("key \"a\" { algorithm hmac-sha256; };", "missing")]
    [InlineData("key \"a\" { secret \"AAEC\"; };", "missing")]
    [InlineData("key \"a\" { algorithm rot13; secret \"AAEC\"; };", "not known")]
    [InlineData("key \"a\" { algorithm hmac-sha256; secret \"!TOPSECRET!\"; };", "base64")]
    [InlineData("key \"a\" { algorithm hmac-sha256; secret \"\"; };", "base64")]
    [InlineData("key \"a..b\" { algorithm hmac-sha256; secret \"AAEC\"; };", "domain name")]
    [InlineData("key \"a\" { algorithm hmac-md5; secret \"AAEC\"; };", "legacy switch")]
    [InlineData("key \"a\" { algorithm", "missing")]
    [InlineData("key \"a", "no key statement")]
    public void Text_NotUsable_SaysWhyWithoutTheSecret(string text, string why)
    {
        Assert.False(TsigKeyFile.TryParse(text, allowLegacy: false, out _, out string? error));
        Assert.Contains(why, error, StringComparison.Ordinal);
        Assert.DoesNotContain("TOPSECRET", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Text_WithMd5AndSwitch_IsRead()
        => Assert.True(TsigKeyFile.TryParse("key a { algorithm hmac-md5; secret \"AAEC\"; };", allowLegacy: true, out _, out _));

    [Fact]
    public void Text_HundredThousandMutations_AreTakenWithoutException()
    {
        byte[] good = System.Text.Encoding.Latin1.GetBytes(Good);
        foreach (byte[] bad in Mutations.Random([good], 100_000, seed: 4711))
        {
            string text = System.Text.Encoding.Latin1.GetString(bad);
            if (TsigKeyFile.TryParse(text, allowLegacy: true, out IReadOnlyList<TsigKey>? keys, out string? error)) Assert.NotEmpty(keys);
            else Assert.NotEmpty(error);
        }
    }
}
