using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Platform.Sockets;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Joins the engine's examiner to this host's sockets.</summary>
internal static class GatewayExam
{
    /// <summary>Makes an examiner.</summary>
    /// <param name="tell">Is told what the examination has to do without, on any thread.</param>
    public static GatewayExaminer Create(Action<string> tell)
    {
        var memory = new ForgivingMemory(static () => Gateways.Memory, tell);
        return new(new GatewayExaminerParts
        {
            Gateways = Gateways.Finder,
            OpenMapper = (method, route) => Gateways.MethodsFor(route).Contains(method) ? Gateways.Open(route, method, memory) : null,
            Channels = new UdpDatagramChannelFactory(),
            Streams = new TcpStreamDialer(),
            Hops = Gateways.Hops,
            ResolveHost = ResolveAsync,
            Random = SystemRandomSource.Instance,
            Time = TimeProvider.System,
        });
    }

    private static async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, CancellationToken cancellationToken) =>
        await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
}
