using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Btmm.Core.Tunnel.Sessions;
using Btmm.Protocol.Ike;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>Our tunnel against strongSwan's charon with its user-space ESP, both behind NAT gateways.</summary>
public sealed class StrongSwanTests
{
    private const string Theirs = "studio"; // behind gw-home
    private const string Ours = "laptop"; // behind gw-cafe
    private const int OurPort = 40414;
    private const int OurExternalPort = 51414;
    private const int TheirExternalPort = 54500;
    private const int TransferBytes = 50 * 1000 * 1000;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tunnel_EitherInitiates_CarriesTrafficThroughRekeys(bool weInitiate)
    {
        using Lab lab = StartLab();
        await using var tunnel = new StrongSwanTunnel(lab, Ours, OurPort);
        await ConnectAsync(lab, tunnel, weInitiate);
        await TransferThroughRekeysAsync(lab, tunnel);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tunnel_WeRoam_GoesOn(bool weInitiate)
    {
        using Lab lab = StartLab();
        await using var tunnel = new StrongSwanTunnel(lab, Ours, OurPort);
        await ConnectAsync(lab, tunnel, weInitiate);
        ulong before = tunnel.Status(Theirs).IkeSa!.InitiatorSpi;
        lab.Roam(Ours, "hotel");
        tunnel.Sessions.NotifyNetworkChanged(null);
        await PingAsync(lab);
        Assert.Equal(before, tunnel.Status(Theirs).IkeSa!.InitiatorSpi);
        // charon's own view: the same IKE SA, now with the other gateway's address
        string sas = lab.Run("strongswan", Theirs, "sas");
        Assert.Contains(lab.AddressOf("gw-hotel").ToString(), sas);
        Assert.Single(sas.Split('\n'), line => line.Contains("ESTABLISHED", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Tunnel_TheyRoam_GoesOn(bool weInitiate)
    {
        using Lab lab = StartLab();
        await using var tunnel = new StrongSwanTunnel(lab, Ours, OurPort);
        await ConnectAsync(lab, tunnel, weInitiate);
        ulong before = tunnel.Status(Theirs).IkeSa!.InitiatorSpi;
        lab.Roam(Theirs, "hotel");
        lab.Run("map", Theirs, "4500", $"{TheirExternalPort}");
        // as the responder, charon leaves it to us to find it: by its record; as the initiator it tells us itself
        if (weInitiate) tunnel.AddPeer(Theirs, new IPEndPoint(lab.AddressOf("gw-hotel"), TheirExternalPort));
        await PingAsync(lab);
        Assert.Equal(before, tunnel.Status(Theirs).IkeSa!.InitiatorSpi);
        Assert.Equal(lab.AddressOf("gw-hotel"), tunnel.Status(Theirs).Endpoint?.Address);
    }

    [Fact]
    public async Task Tunnel_WrongKey_IsReportedAsSuch()
    {
        using Lab lab = StartLab();
        lab.Run("map", Theirs, "4500", $"{TheirExternalPort}");
        lab.Run("strongswan", Theirs, "peer", Ours, "psk");
        await ReconfigureAsync(lab, "btmm lab shared secret", "another secret of 16 or more");
        await using var tunnel = new StrongSwanTunnel(lab, Ours, OurPort);
        tunnel.AddPeer(Theirs, new IPEndPoint(lab.AddressOf("gw-home"), TheirExternalPort));
        tunnel.Sessions.RequestTunnel(StrongSwanTunnel.UlaOf(lab, Theirs));
        await Eventually.HoldsAsync(() => tunnel.Status(Theirs).LastReason == IkeCloseReason.AuthenticationFailed, "the key is refused");
        Assert.DoesNotContain("ESTABLISHED", lab.Run("strongswan", Theirs, "sas"));
    }

    /// <summary>Its daemon then chooses 64-bit sequence numbers, which its user-space ESP does not have.</summary>
    [Fact]
    public async Task Tunnel_TheyChooseNumbersTheyDoNotHave_FallsBackTo32Bits()
    {
        using Lab lab = StartLab();
        lab.Run("map", Theirs, "4500", $"{TheirExternalPort}");
        lab.Run("strongswan", Theirs, "peer", Ours, "psk");
        await ReconfigureAsync(lab, "esp_proposals = ", "esp_proposals = aes256gcm16-esn-noesn,");
        await using var tunnel = new StrongSwanTunnel(lab, Ours, OurPort);
        tunnel.AddPeer(Theirs, new IPEndPoint(lab.AddressOf("gw-home"), TheirExternalPort));
        tunnel.Sessions.RequestTunnel(StrongSwanTunnel.UlaOf(lab, Theirs));
        await UpAsync(lab, tunnel);
        await PingAsync(lab);
    }

    private static async Task ConnectAsync(Lab lab, StrongSwanTunnel tunnel, bool weInitiate)
    {
        lab.Run("map", Theirs, "4500", $"{TheirExternalPort}");
        tunnel.AddPeer(Theirs, new IPEndPoint(lab.AddressOf("gw-home"), TheirExternalPort));
        if (weInitiate)
        {
            lab.Run("strongswan", Theirs, "peer", Ours, "psk");
            tunnel.Sessions.RequestTunnel(StrongSwanTunnel.UlaOf(lab, Theirs));
        }
        else
        {
            lab.Run("map", Ours, $"{OurPort}", $"{OurExternalPort}");
            lab.Run("strongswan", Theirs, "peer", Ours, "psk", $"{lab.AddressOf("gw-cafe")}:{OurExternalPort}");
            lab.Run("strongswan", Theirs, "initiate", Ours);
        }

        await UpAsync(lab, tunnel);
        Assert.Equal(weInitiate, tunnel.Status(Theirs).IkeSa?.IsInitiator);
        await PingAsync(lab);
    }

    private static async Task ReconfigureAsync(Lab lab, string from, string to)
    {
        string file = Path.Combine(lab.StateDirectory, "strongswan", Theirs, "conf.d", Ours + ".conf");
        string text = await File.ReadAllTextAsync(file);
        Assert.Contains(from, text);
        await File.WriteAllTextAsync(file, text.Replace(from, to));
        lab.Run("strongswan", Theirs, "load");
    }

    private static Lab StartLab()
    {
        Assert.SkipWhen(Lab.Unavailable is not null, Lab.Unavailable ?? "");
        Assert.SkipUnless(Command.Exists("charon-systemd") && Command.Exists("swanctl"), "strongSwan is not installed");
        Assert.SkipUnless(File.Exists("/dev/net/tun"), "there is no TUN driver");
        return Lab.Start();
    }

    private static async Task UpAsync(Lab lab, StrongSwanTunnel tunnel)
    {
        try
        {
            await Eventually.HoldsAsync(() => tunnel.Status(Theirs).State == TunnelState.Up, "the tunnel is up");
        }
        catch (TimeoutException)
        {
            TestContext.Current.TestOutputHelper?.WriteLine(lab.Run("strongswan", Theirs, "log"));
            throw;
        }

        string sas = lab.Run("strongswan", Theirs, "sas");
        TestContext.Current.TestOutputHelper?.WriteLine(sas);
        Assert.Contains("ESTABLISHED", sas);
        Assert.Contains("INSTALLED, TUNNEL", sas);
        Assert.Contains("AES_GCM_16-256", sas);
    }

    private static async Task PingAsync(Lab lab)
    {
        IPAddress theirs = StrongSwanTunnel.UlaOf(lab, Theirs);
        CommandResult result = await lab.ExecAsync(Ours, TimeSpan.FromSeconds(60), "ping", "-6", "-c", "5", "-i", "0.3", "-w", "20", $"{theirs}");
        if (!result.Succeeded) TestContext.Current.TestOutputHelper?.WriteLine(lab.Run("strongswan", Theirs, "log"));
        result.Require();
    }

    private static async Task TransferThroughRekeysAsync(Lab lab, StrongSwanTunnel tunnel)
    {
        IPAddress ours = tunnel.Identifier, theirs = StrongSwanTunnel.UlaOf(lab, Theirs);
        using TcpListener listener = NetworkNamespace.Run(lab.Namespace(Theirs), () =>
        {
            var made = new TcpListener(theirs, 0);
            made.Start();
            return made;
        });
        using var client = NetworkNamespace.Run(lab.Namespace(Ours), () => new Socket(AddressFamily.InterNetworkV6, SocketType.Stream, ProtocolType.Tcp));
        client.Bind(new IPEndPoint(ours, 0));
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(240));
        ValueTask<Socket> accepting = listener.AcceptSocketAsync(deadline.Token);
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint, deadline.Token);
        using Socket server = await accepting;

        var progress = new TransferProgress();
        Task<string> receiving = ReceiveAsync(server, progress, deadline.Token);
        Task<string> sending = SendAsync(client, progress, deadline.Token);
        await RekeyAllAsync(lab, tunnel, progress);
        progress.MayFinish = true;
        Assert.Equal(await sending, await receiving);
        Assert.True(progress.Received >= TransferBytes);
        TestContext.Current.TestOutputHelper?.WriteLine($"{progress.Received} bytes carried; " + lab.Run("strongswan", Theirs, "sas"));
    }

    /// <summary>Each of the four rekeys, one after the other, while bytes flow before and after.</summary>
    private static async Task RekeyAllAsync(Lab lab, StrongSwanTunnel tunnel, TransferProgress progress)
    {
        IPAddress peer = StrongSwanTunnel.UlaOf(lab, Theirs);
        (string Name, Action Start)[] rekeys =
        [
            ("CHILD by strongSwan", () => lab.Run("strongswan", Theirs, "swanctl", "--rekey", "--child", Ours)),
            ("CHILD by us", () => Assert.True(tunnel.Sessions.RekeyChild(peer))),
            ("IKE by strongSwan", () => lab.Run("strongswan", Theirs, "swanctl", "--rekey", "--ike", Ours)),
            ("IKE by us", () => Assert.True(tunnel.Sessions.RekeyIke(peer))),
            ("CHILD by us, again", () => Assert.True(tunnel.Sessions.RekeyChild(peer))),
        ];
        foreach ((string name, Action start) in rekeys)
        {
            await progress.GrowsAsync();
            IkeSaInfo old = tunnel.Status(Theirs).IkeSa!;
            start();
            try
            {
                await Eventually.HoldsAsync(() => IsRenewed(tunnel, old, name.StartsWith("IKE", StringComparison.Ordinal)), $"rekey: {name}");
                await Eventually.HoldsAsync(() => HasOneOfEach(lab), $"one IKE SA and one CHILD SA at strongSwan's after {name}");
                await progress.GrowsAsync();
            }
            catch (TimeoutException)
            {
                TestContext.Current.TestOutputHelper?.WriteLine(lab.Run("strongswan", Theirs, "sas") + lab.Run("strongswan", Theirs, "log"));
                throw;
            }
        }
    }

    private static bool IsRenewed(StrongSwanTunnel tunnel, IkeSaInfo old, bool ike)
    {
        if (tunnel.Status(Theirs) is not { State: TunnelState.Up, IkeSa: { } now }) return false;
        return ike ? now.InitiatorSpi != old.InitiatorSpi : now.ChildSpis.Count == 1 && !old.ChildSpis.Contains(now.ChildSpis[0]);
    }

    private static bool HasOneOfEach(Lab lab)
    {
        string[] lines = lab.Run("strongswan", Theirs, "sas").Split('\n');
        return lines.Count(l => l.Contains("ESTABLISHED", StringComparison.Ordinal)) == 1
            && lines.Count(l => l.Contains("INSTALLED, TUNNEL", StringComparison.Ordinal)) == 1
            && !lines.Any(l => l.Contains("REKEYING", StringComparison.Ordinal) || l.Contains("DELETING", StringComparison.Ordinal));
    }

    private static async Task<string> SendAsync(Socket socket, TransferProgress progress, CancellationToken stop)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[64 * 1024];
        while (progress.Sent < TransferBytes || !progress.MayFinish)
        {
            RandomNumberGenerator.Fill(block);
            hash.AppendData(block);
            for (int sent = 0; sent < block.Length;) sent += await socket.SendAsync(block.AsMemory(sent), stop);
            progress.Sent += block.Length;
        }

        socket.Shutdown(SocketShutdown.Send);
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private static async Task<string> ReceiveAsync(Socket socket, TransferProgress progress, CancellationToken stop)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var block = new byte[64 * 1024];
        while (await socket.ReceiveAsync(block, stop) is var count and > 0)
        {
            hash.AppendData(block.AsSpan(0, count));
            progress.Received += count;
        }

        return Convert.ToHexString(hash.GetHashAndReset());
    }

    private sealed class TransferProgress
    {
        private long _sent;
        private long _received;
        private volatile bool _mayFinish;

        public long Sent { get => Volatile.Read(ref _sent); set => Volatile.Write(ref _sent, value); }

        public long Received { get => Volatile.Read(ref _received); set => Volatile.Write(ref _received, value); }

        public bool MayFinish { get => _mayFinish; set => _mayFinish = value; }

        public async Task GrowsAsync()
        {
            long target = Received + 2_000_000;
            await Eventually.HoldsAsync(() => Received >= target, "bytes flow");
        }
    }
}
