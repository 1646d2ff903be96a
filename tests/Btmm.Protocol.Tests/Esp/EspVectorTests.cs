using Btmm.Protocol.Esp;

namespace Btmm.Protocol.Tests.Esp;

/// <summary>Known answers: the GCM specification's test cases 4 and 16, and the ESP packets of draft-mcgrew-gcm-test-01.</summary>
public class EspVectorTests
{
    // key, nonce (salt and IV), associated data, plaintext, ciphertext, ICV
    public static TheoryData<string, string, string, string, string, string> Gcm => new()
    {
        {
            "feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091",
            "5bc94fbc3221a5db94fae95ae7121a47"
        },
        {
            "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888",
            "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            "76fc6ece0f4e1768cddf8853bb2d551b"
        },
        {
            "4c80cdefbb5d10da906ac73c3613a634",
            "2e443b684956ed7e3b244cfe",
            "000043218765432100000000",
            "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f756470037369700963796265726369747902646b000021000101020201",
            "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732",
            "459018148f6cbe722fd04796562dfdb4"
        },
        {
            "6c6567616c697a656d6172696a75616e61616e64646f69746265666f72656961",
            "7475726e333021696765746d",
            "796b6963ffffffffffffffff",
            "45000030da3a00008001df3bc0a80005c0a800010800c6cd020007006162636465666768696a6b6c6d6e6f707172737401020201",
            "f97ab2aa356d8edce17644ac8c78e25dd24dedbb29ebf1b64a274b39b49c3a864cd3d78ca4ae68a32b42458fb57dbe821dcc63b9",
            "d0937ba2945f669368661a329fb4c053"
        },
    };

    // key, nonce, SPI and sequence number as in the associated data, plaintext with trailer, ciphertext, ICV
    public static TheoryData<string, string, string, string, string, string> Packets => new()
    {
        {
            "feffe9928665731c6d6a8f9467308308",
            "cafebabefacedbaddecaf888",
            "0000a5f80000000a",
            "4500003e698f000080114dccc0a80102c0a801010a980035002a2343b2d001000001000000000000037369700963796265726369747902646b00000100010001",
            "deb22cd9b07c72c16e3a65beeb8df304a5a5897d33ae530f1ba76d5d114d2a5c3de81827c10e9a4f51330d0eec416642cfbb85a5b47e48a4ec3b9ba95d918bd1",
            "83b70d3aa8bc6ee4c309e9d85a41ad4a"
        },
        {
            "abbccddef00112233445566778899aababbccddef00112233445566778899aab",
            "112233440102030405060708",
            "4a2cbfe300000002",
            "4500003069a6400080062690c0a801029389155e0a9e008b2dc57ee0000000007002400020bf0000020405b40101040201020201",
            "ff425c9b724599df7a3bcd510194e00d6a78107f1b0b1cbf06efae9d65a5d763748a637985771d347f0545659f14e99def842d8e",
            "b335f4eecfdbf831824b4c4915956c96"
        },
        {
            "7d773d00c144c525ac619d18c84a3f47",
            "d966426743457e9182443bc6",
            "335467aeffffffff",
            "01020201",
            "437f866b",
            "cb3f699fe9b0822bac961c4504bef270"
        },
        {
            "abbccddef00112233445566778899aab",
            "decaf888cafedebaceface74",
            "000001000000000000000001",
            "4500004933ba00007f119106c3fb1d10c2b1d326c02831ce0035dd7b800302d500004e20001e8c18d75b81dc91baa0476b91b924b280389d92c963bac046ec959b6266c04722b14923010101",
            "18a6fd42f72cbf4ab2a2ea901f73d814e3e7f243d95412e1c349c1d2fbec168f9190feebaf2cb01984e65863965d7472b79da345e0e780191f0d2f0e0f496c226f2127b27db35724e7845d68",
            "651f57e65f354f75ff17015769623436"
        },
        {
            "abbccddef00112233445566778899aab",
            "decaf888cafedebaceface74",
            "000001000000000000000001",
            "746f016265016f72016e6f7401746f0162650001",
            "29c9fc69a197d038ccdd14e2ddfcaa0543332164",
            "412503524303ed3c6c5f283843af8c3e"
        },
    };

    [Theory]
    [MemberData(nameof(Gcm))]
    [MemberData(nameof(Packets))]
    [Trait("rfc", "4106§5")]
    public void Cipher_PublishedVector_SealsAndOpens(
        string key, string nonce, string associated, string plain, string cipher, string icv)
    {
        byte[] data = Convert.FromHexString(plain), tag = new byte[16];
        EspAlgorithm algorithm = key.Length == 32 ? EspAlgorithm.AesGcm128 : EspAlgorithm.AesGcm256;
        using IAeadCipher aead = BclAeadCipherFactory.Instance.Create(algorithm, Convert.FromHexString(key));
        aead.Seal(Convert.FromHexString(nonce), Convert.FromHexString(associated), data, tag);
        Assert.Equal(cipher, Convert.ToHexStringLower(data));
        Assert.Equal(icv, Convert.ToHexStringLower(tag));
        Assert.True(aead.TryOpen(Convert.FromHexString(nonce), Convert.FromHexString(associated), data, tag));
        Assert.Equal(plain, Convert.ToHexStringLower(data));
    }

    [Theory]
    [MemberData(nameof(Packets))]
    [Trait("rfc", "4106§3")]
    public void Inbound_PublishedPacket_OpensToItsPayload(
        string key, string nonce, string associated, string plain, string cipher, string icv)
    {
        bool extended = associated.Length == 24;
        var parameters = new EspSaParameters
        {
            Spi = Convert.ToUInt32(associated[..8], 16),
            Algorithm = key.Length == 32 ? EspAlgorithm.AesGcm128 : EspAlgorithm.AesGcm256,
            KeyingMaterial = Convert.FromHexString(key + nonce[..8]),
            ExtendedSequenceNumbers = extended,
        };
        byte[] packet = Convert.FromHexString(associated[..8] + associated[^8..] + nonce[8..] + cipher + icv);
        using var inbound = new EspInboundSa(parameters);
        Assert.Equal(EspOpenStatus.Opened, inbound.TryOpen(packet, out EspOpened opened));
        Assert.Equal(1, opened.NextHeader);
        int padding = Convert.ToInt32(plain[^4..^2], 16);
        Assert.Equal(plain[..^(4 + (2 * padding))], Convert.ToHexStringLower(EspTestSa.PayloadOf(packet, opened)));
        Assert.True(opened.IsNewest);
    }

    [Fact]
    [Trait("rfc", "7634§2")]
    public void ChaCha20Poly1305_RoundTrip_Opens()
    {
        EspSaParameters parameters = EspTestSa.Parameters(extended: true, EspAlgorithm.ChaCha20Poly1305);
        using var outbound = new EspOutboundSa(parameters);
        using var inbound = new EspInboundSa(parameters);
        byte[] payload = EspTestSa.Payload(99);
        byte[] packet = EspTestSa.Seal(outbound, payload);
        Assert.Equal(EspOpenStatus.Opened, inbound.TryOpen(packet, out EspOpened opened));
        Assert.Equal(payload, EspTestSa.PayloadOf(packet, opened));
    }
}
