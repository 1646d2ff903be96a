using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Tests.Ike;

public sealed class IkeCryptoTests
{
    [Fact, Trait("rfc", "5903§8.1")]
    public void Ecp256_Vector_Agrees() => CheckVector(
        IkeGroup.Ecp256,
        "C88F01F510D9AC3F70A292DAA2316DE544E9AAB8AFE84049C62A9C57862D1433",
        "DAD0B65394221CF9B051E1FECA5787D098DFE637FC90B9EF945D0C37725811805271A0461CDB8252D61F1C456FA3E59AB1F45B33ACCF5F58389E0577B8990BB3",
        "C6EF9C5D78AE012A011164ACB397CE2088685D8F06BF9BE0B283AB46476BEE53",
        "D12DFB5289C8D4F81208B70270398C342296970A0BCCB74C736FC7554494BF6356FBF3CA366CC23E8157854C13C58D6AAC23F046ADA30F8353E74F33039872AB",
        "D6840F6B42F6EDAFD13116E0E12565202FEF8E9ECE7DCE03812464D04B9442DE");

    [Fact, Trait("rfc", "5903§8.2")]
    public void Ecp384_Vector_Agrees() => CheckVector(
        IkeGroup.Ecp384,
        "099F3C7034D4A2C699884D73A375A67F7624EF7C6B3C0F160647B67414DCE655E35B538041E649EE3FAEF896783AB194",
        "667842D7D180AC2CDE6F74F37551F55755C7645C20EF73E31634FE72B4C55EE6DE3AC808ACB4BDB4C88732AEE95F41AA"
        + "9482ED1FC0EEB9CAFC4984625CCFC23F65032149E0E144ADA024181535A0F38EEB9FCFF3C2C947DAE69B4C634573A81C",
        "41CB0779B4BDB85D47846725FBEC3C9430FAB46CC8DC5060855CC9BDA0AA2942E0308312916B8ED2960E4BD55A7448FC",
        "E558DBEF53EECDE3D3FCCFC1AEA08A89A987475D12FD950D83CFA41732BC509D0D1AC43A0336DEF96FDA41D0774A3571"
        + "DCFBEC7AACF3196472169E838430367F66EEBE3C6E70C416DD5F0C68759DD1FFF83FA40142209DFF5EAAD96DB9E6386C",
        "11187331C279962D93D604243FD592CB9D0A926F422E47187521287E7156C5C4D603135569B9E9D09CF5D4A270F59746");

    [Theory, Trait("rfc", "5903§7")]
    [InlineData(19)]
    [InlineData(20)]
    public void Group_BadPublicValues_AreRefused(int id)
    {
        IkeGroup group = IkeGroup.ById((ushort)id)!;
        using IkeKeyPair mine = group.Generate(new SeededRandom(1));
        using IkeKeyPair other = group.Generate(new SeededRandom(2));
        Assert.True(mine.TryAgree(other.Public, out byte[] secret));
        Assert.Equal(group.FieldSize, secret.Length);

        byte[] offCurve = [.. other.Public];
        offCurve[^1] ^= 1;
        byte[] tooLarge = [.. other.Public];
        tooLarge.AsSpan(0, group.FieldSize).Fill(0xFF);
        foreach (byte[] bad in new[] { [], new byte[1], new byte[2 * group.FieldSize], offCurve, tooLarge, other.Public[..^1], [.. other.Public, 0], Ones(group) })
            Assert.False(mine.TryAgree(bad, out _));
    }

    [Fact]
    public void Generate_ScalarOutsideOrder_IsDrawnAgain()
    {
        var random = new ScriptedRandom(new byte[32], Enumerable.Repeat((byte)0xFF, 32).ToArray(), [.. new byte[31], 1]);
        using IkeKeyPair pair = IkeGroup.Ecp256.Generate(random);
        // the scalar 1 gives the generator itself
        Assert.Equal("6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296", Convert.ToHexString(pair.Public.AsSpan(0, 32)));
    }

    [Theory, Trait("rfc", "4231§4.3")]
    [InlineData(256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")]
    [InlineData(384, "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649")]
    public void Prf_KnownInput_GivesKnownOutput(int bits, string expected)
    {
        IkePrf prf = bits == 256 ? IkePrf.Sha256 : IkePrf.Sha384;
        Assert.Equal(expected, Convert.ToHexStringLower(prf.Compute("Jefe"u8, "what do ya want for nothing?"u8)));
    }

    [Fact, Trait("rfc", "7296§2.13")]
    public void Expand_SeveralBlocks_ChainsThem()
    {
        byte[] key = [1, 2, 3];
        byte[] seed = [4, 5];
        byte[] first = IkePrf.Sha256.Compute(key, [.. seed, 1]);
        byte[] second = IkePrf.Sha256.Compute(key, [.. first, .. seed, 2]);
        Assert.Equal((byte[])[.. first, .. second[..8]], IkePrf.Sha256.Expand(key, seed, 40));
    }

    [Fact]
    public void Keys_OfBothSides_OpenEachOthersMessages()
    {
        var random = new SeededRandom(3);
        byte[] ni = random.Bytes(32), nr = random.Bytes(32), secret = random.Bytes(48);
        IkeAlgorithms suite = IkeAlgorithms.For(Protocol.Ike.IkeSuite.Aes256Gcm16PrfSha384Ecp384);
        using IkeKeys initiator = IkeKeys.Derive(suite, secret, ni, nr, 7, 8, isInitiator: true);
        using IkeKeys responder = IkeKeys.Derive(suite, secret, ni, nr, 7, 8, isInitiator: false);
        var header = new IkeHeader { InitiatorSpi = 7, ResponderSpi = 8, Version = IkeHeader.Version2, Exchange = IkeExchangeType.Informational };
        byte[] message = IkeProtectedMessage.Seal(header, [new IkeNotifyPayload(IkeNotifyType.Cookie2, [1, 2, 3])], initiator.Send)!;
        Assert.True(IkeHeader.TryParse(message, out IkeHeader read));
        Assert.True(IkeProtectedMessage.TryOpen(read, message, responder.Receive, out IkeMessage opened, out IkeParseError error, out _));
        Assert.Equal(IkeParseError.None, error);
        Assert.Equal([1, 2, 3], opened.Notify(IkeNotifyType.Cookie2)!.Data);
        for (int i = 0; i < message.Length; i++)
        {
            byte[] changed = [.. message];
            changed[i] ^= 0x40;
            Assert.False(IkeHeader.TryParse(changed, out read) && IkeProtectedMessage.TryOpen(read, changed, responder.Receive, out _, out _, out _));
        }
    }

    [Fact]
    public void ChildKeys_OfBothSides_AreTheSameAndDiffer()
    {
        IkeAlgorithms suite = IkeAlgorithms.For(Protocol.Ike.IkeSuite.Aes256Gcm16PrfSha256Ecp256);
        var random = new SeededRandom(4);
        byte[] ni = random.Bytes(32), nr = random.Bytes(32), secret = random.Bytes(32);
        using IkeKeys a = IkeKeys.Derive(suite, secret, ni, nr, 1, 2, true);
        using IkeKeys b = IkeKeys.Derive(suite, secret, ni, nr, 1, 2, false);
        (byte[] out1, byte[] in1) = a.DeriveChild(null, ni, nr, 36);
        (byte[] out2, byte[] in2) = b.DeriveChild(null, ni, nr, 36);
        Assert.Equal(out1, out2);
        Assert.Equal(in1, in2);
        Assert.NotEqual(out1, in1);
        Assert.NotEqual(out1, a.DeriveChild(secret, ni, nr, 36).FromInitiator);
    }

    private static byte[] Ones(IkeGroup group) => Enumerable.Repeat((byte)1, 2 * group.FieldSize).ToArray();

    private static void CheckVector(IkeGroup group, string i, string gi, string r, string gr, string shared)
    {
        using IkeKeyPair initiator = group.FromScalar(Convert.FromHexString(i));
        using IkeKeyPair responder = group.FromScalar(Convert.FromHexString(r));
        Assert.Equal(gi, Convert.ToHexString(initiator.Public));
        Assert.Equal(gr, Convert.ToHexString(responder.Public));
        Assert.True(initiator.TryAgree(responder.Public, out byte[] one));
        Assert.True(responder.TryAgree(initiator.Public, out byte[] two));
        Assert.Equal(shared, Convert.ToHexString(one));
        Assert.Equal(one, two);
    }
}
