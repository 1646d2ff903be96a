using System.Net;
using System.Text;
using Btmm.Core.Contracts;
using Btmm.Core.Tunnel;
using Btmm.Core.Tunnel.Sessions;
using Btmm.Platform.Linux;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Ike;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>Our whole tunnel on one host of the lab: TUN device, socket, packet path, session manager; no discovery.</summary>
internal sealed class StrongSwanTunnel : IAsyncDisposable
{
    private const string Domain = "alice.members.example.net";
    private const string DeviceName = "btmm0";

    private readonly ITunDevice _tun;
    private readonly IDatagramSocket _socket;

    public StrongSwanTunnel(Lab lab, string host, int port, Func<IkeOptions, IkeOptions>? configure = null)
    {
        Lab = lab;
        Host = host;
        Identifier = UlaOf(lab, host);
        (_tun, _socket) = NetworkNamespace.Run(lab.Namespace(host), () =>
            (new LinuxTunDeviceFactory().Create(DeviceName, 1280), new DatagramSocketFactory().Open(new IPEndPoint(IPAddress.Any, port))));
        Ip("addr", "add", $"{Identifier}/128", "dev", DeviceName);
        Ip("link", "set", DeviceName, "up");
        Path = new PacketPath(_tun, _socket);
        var ike = new IkeOptions { LocalIdentity = NameOf(host), LocalIdentifier = Identifier };
        Sessions = new SessionManager(
            new SessionManagerOptions { Ike = configure?.Invoke(ike) ?? ike, PreSharedKey = Encoding.ASCII.GetBytes("btmm lab shared secret") },
            Path, _socket, Path.IkeDatagrams, Path.Events);
        Path.Start();
        Sessions.Start();
    }

    public Lab Lab { get; }

    public string Host { get; }

    public IPAddress Identifier { get; }

    public PacketPath Path { get; }

    public SessionManager Sessions { get; }

    public static string NameOf(string host) => $"{host}.{Domain}";

    public static IPAddress UlaOf(Lab lab, string host) => IPAddress.Parse(lab.Run("ula", host).Trim());

    public void AddPeer(string host, IPEndPoint? endpoint)
    {
        IPAddress peer = UlaOf(Lab, host);
        Ip("route", "replace", $"{peer}/128", "dev", DeviceName, "src", Identifier.ToString());
        Sessions.UpdatePeers([new TunnelPeer { Identifier = peer, Name = NameOf(host), Endpoint = endpoint }]);
    }

    public TunnelStatus Status(string host) => Sessions.GetTunnels().Single(t => t.Name == NameOf(host));

    public async ValueTask DisposeAsync()
    {
        await Sessions.DisposeAsync();
        await Path.DisposeAsync();
        _socket.Dispose();
        _tun.Dispose();
    }

    private void Ip(params string[] arguments) => Command.Run("ip", ["-n", Lab.Namespace(Host), .. arguments]).Require();
}
