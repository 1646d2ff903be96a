using System.Diagnostics;
using Btmm.Platform.Cryptography;
using Btmm.Protocol.Esp;

namespace Btmm.Benchmarks;

/// <summary>Time to seal and open one packet of 1400 bytes.</summary>
internal static class CipherSpeed
{
    private const int Packets = 400_000;

    public static int Run()
    {
        for (int i = 0; i < 3; i++)
        {
            Measure("class library", BclAeadCipherFactory.Instance);
            Measure("platform", PlatformCiphers.Fastest);
        }
        return 0;
    }

    private static void Measure(string name, IAeadCipherFactory ciphers)
    {
        var parameters = new EspSaParameters
        {
            Spi = 0x1234, Algorithm = EspAlgorithm.AesGcm256, KeyingMaterial = new byte[36], ExtendedSequenceNumbers = true,
        };
        using var outbound = new EspOutboundSa(parameters, ciphers);
        using var inbound = new EspInboundSa(parameters, ciphers);
        byte[] buffer = new byte[1600];
        long seal = 0, open = 0;
        for (int i = 0; i < Packets; i++)
        {
            int offset = 64, length = 1400;
            long start = Stopwatch.GetTimestamp();
            outbound.TrySeal(buffer, ref offset, ref length);
            long middle = Stopwatch.GetTimestamp();
            inbound.TryOpen(buffer.AsSpan(offset, length), out _);
            long end = Stopwatch.GetTimestamp();
            if (i < Packets / 4) continue;
            seal += middle - start;
            open += end - middle;
        }
        double scale = 1e9 / Stopwatch.Frequency / (Packets * 3 / 4);
        Console.WriteLine($"{name}: seal {seal * scale:F0} ns, open {open * scale:F0} ns");
    }
}
