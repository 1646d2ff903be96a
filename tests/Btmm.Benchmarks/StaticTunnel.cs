using System.Net;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Btmm.Core.Contracts;
using Btmm.Core.Tunnel;
using Btmm.Platform.Cryptography;
using Btmm.Platform.Linux;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Esp;

namespace Btmm.Benchmarks;

/// <summary>A packet path with fixed keys, for measuring: both ends derive the same two SAs from their identifiers.</summary>
internal static class StaticTunnel
{
    public static async Task<int> RunAsync(string[] args)
    {
        if (args.Length < 6) return 2;
        int mtu = int.Parse(args[1]);
        IPAddress local = IPAddress.Parse(args[3]), peer = IPAddress.Parse(args[4]);
        using ITunDevice tun = new LinuxTunDeviceFactory(!args.Contains("--no-tun-offload")).Create(args[0], mtu);
        using IDatagramSocket socket = new DatagramSocketFactory(
            allowBatches: !args.Contains("--no-batches"),
            allowOffload: !args.Contains("--no-udp-offload")).Open(new IPEndPoint(IPAddress.Any, int.Parse(args[2])));
        await using var path = new PacketPath(
            tun,
            socket,
            ciphers: args.Contains("--class-library-cipher") ? BclAeadCipherFactory.Instance : PlatformCiphers.Fastest);
        path.SetPeers([peer]);
        path.Install(
            new ChildSaPair { Local = local, Peer = peer, Inbound = Derive(peer, local), Outbound = Derive(local, peer) },
            IPEndPoint.Parse(args[5]));
        path.Start();

        var stop = new TaskCompletionSource();
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var quit = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        Console.WriteLine("ready");
        await stop.Task;
        Console.WriteLine(path.Counters);
        Console.WriteLine(socket.Counters);
        return 0;

        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.TrySetResult();
        }
    }

    private static EspSaParameters Derive(IPAddress from, IPAddress to)
    {
        byte[] label = Encoding.UTF8.GetBytes($"{from} {to}");
        return new EspSaParameters
        {
            Spi = 0x1000 | BitConverter.ToUInt32(SHA256.HashData(label)),
            Algorithm = EspAlgorithm.AesGcm256,
            KeyingMaterial = HKDF.Expand(
                HashAlgorithmName.SHA256,
                SHA256.HashData(label),
                EspSaParameters.GetKeyingMaterialLength(EspAlgorithm.AesGcm256)),
            ExtendedSequenceNumbers = true,
        };
    }
}
