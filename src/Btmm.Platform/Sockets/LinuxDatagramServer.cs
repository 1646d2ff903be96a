using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;

namespace Btmm.Platform.Sockets;

/// <summary>The sockets of one UDP address of a service on Linux.</summary>
internal sealed class LinuxDatagramServer : IDatagramServer
{
    private readonly LinuxDatagramPort[] _ports;

    internal LinuxDatagramServer(IEnumerable<Socket> sockets, IPEndPoint local)
    {
        LocalEndPoint = local;
        _ports = [.. sockets.Select(socket => new LinuxDatagramPort(socket, local))];
    }

    public IPEndPoint LocalEndPoint { get; }

    public IReadOnlyList<IDatagramPort> Ports => _ports;

    public void Dispose()
    {
        foreach (LinuxDatagramPort port in _ports) port.Dispose();
    }
}
