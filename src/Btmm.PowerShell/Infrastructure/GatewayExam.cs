using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Platform.Sockets;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Joins the engine's examiner to this host's sockets.</summary>
internal static class GatewayExam
{
    /// <summary>Makes an examiner.</summary>
    public static GatewayExaminer Create() => new(new GatewayExaminerParts
    {
        Gateways = Gateways.Finder,
        OpenMapper = static (method, route) => Gateways.MethodsFor(route).Contains(method) ? Gateways.Open(route, method) : null,
        Channels = new UdpDatagramChannelFactory(),
        Streams = new TcpStreamDialer(),
        Hops = Gateways.Hops,
        ResolveHost = ResolveAsync,
        Random = SystemRandomSource.Instance,
        Time = TimeProvider.System,
    });

    private static async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken) =>
        await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
}
