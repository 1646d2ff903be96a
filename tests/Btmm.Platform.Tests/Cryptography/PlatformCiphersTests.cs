using Btmm.Platform.Cryptography;
using Btmm.Protocol.Esp;

namespace Btmm.Platform.Tests.Cryptography;

public sealed class PlatformCiphersTests
{
    public static TheoryData<EspAlgorithm> Algorithms => new(Enum.GetValues<EspAlgorithm>());

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Fastest_EveryLength_AgreesWithTheClassLibrary(EspAlgorithm algorithm)
    {
        var random = new Random(4);
        byte[] key = new byte[EspSaParameters.GetKeyLength(algorithm)], nonce = new byte[12];
        random.NextBytes(key);
        using IAeadCipher fast = PlatformCiphers.Fastest.Create(algorithm, key);
        using IAeadCipher reference = BclAeadCipherFactory.Instance.Create(algorithm, key);
        for (int length = 0; length < 300; length++)
        {
            byte[] plain = new byte[length], associated = new byte[length % 3 == 0 ? 8 : 12];
            random.NextBytes(plain);
            random.NextBytes(nonce);
            random.NextBytes(associated);
            byte[] ours = [.. plain], theirs = [.. plain], ourTag = new byte[16], theirTag = new byte[16];
            fast.Seal(nonce, associated, ours, ourTag);
            reference.Seal(nonce, associated, theirs, theirTag);
            Assert.Equal(theirs, ours);
            Assert.Equal(theirTag, ourTag);
            byte[] wrong = [.. ourTag];
            wrong[length % 16] ^= 1;
            byte[] copy = [.. ours];
            Assert.False(fast.TryOpen(nonce, associated, copy, wrong));
            Assert.Equal(new byte[length], copy);
            Assert.True(fast.TryOpen(nonce, associated, ours, ourTag));
            Assert.Equal(plain, ours);
        }
    }

    [Fact]
    public void Create_WrongKeyLength_Throws() => Assert.Throws<ArgumentException>(
        () => PlatformCiphers.Fastest.Create(EspAlgorithm.AesGcm256, new byte[31]).Dispose());

    [Fact]
    public void Cipher_AfterDispose_Throws()
    {
        IAeadCipher cipher = PlatformCiphers.Fastest.Create(EspAlgorithm.AesGcm256, new byte[32]);
        cipher.Dispose();
        Assert.Throws<ObjectDisposedException>(() => cipher.Seal(new byte[12], [], new byte[4], new byte[16]));
    }
}
