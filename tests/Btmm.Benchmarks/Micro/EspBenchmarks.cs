using BenchmarkDotNet.Attributes;
using Btmm.Platform.Cryptography;
using Btmm.Protocol.Esp;

namespace Btmm.Benchmarks.Micro;

/// <summary>One packet of 1400 bytes, sealed and opened in place; no allocation is the budget.</summary>
[InProcess]
[MemoryDiagnoser]
public class EspBenchmarks
{
    private const int Offset = 64;
    private readonly byte[] _buffer = new byte[1600];
    private EspOutboundSa? _outbound;
    private EspInboundSa? _inbound;

    /// <summary>Whether the platform's own cipher is used instead of the class library's.</summary>
    [Params(false, true)]
    public bool PlatformCipher { get; set; }

    /// <summary>Makes a pair of SAs with one key.</summary>
    [GlobalSetup]
    public void Setup()
    {
        var parameters = new EspSaParameters
        {
            Spi = 0x1234, Algorithm = EspAlgorithm.AesGcm256, KeyingMaterial = new byte[36], ExtendedSequenceNumbers = true,
        };
        IAeadCipherFactory ciphers = PlatformCipher ? PlatformCiphers.Fastest : BclAeadCipherFactory.Instance;
        _outbound = new EspOutboundSa(parameters, ciphers);
        _inbound = new EspInboundSa(parameters, ciphers);
    }

    /// <summary>Sealing alone.</summary>
    [Benchmark]
    public EspSealStatus Seal()
    {
        int offset = Offset, length = 1400;
        return _outbound!.TrySeal(_buffer, ref offset, ref length);
    }

    /// <summary>Sealing and opening: a packet cannot be opened twice.</summary>
    [Benchmark]
    public EspOpenStatus SealAndOpen()
    {
        int offset = Offset, length = 1400;
        _outbound!.TrySeal(_buffer, ref offset, ref length);
        return _inbound!.TryOpen(_buffer.AsSpan(offset, length), out _);
    }

    /// <summary>Zeroes the keys.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        _outbound?.Dispose();
        _inbound?.Dispose();
    }
}
