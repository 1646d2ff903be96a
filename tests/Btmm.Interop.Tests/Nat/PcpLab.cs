using System.Net;
using Btmm.Core.Contracts;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>A lab with an IPv6 network behind a firewall; its gateway, like gw-home, speaks PCP alone.</summary>
public sealed class PcpLab : IDisposable
{
    public PcpLab()
    {
        if (Lab.Unavailable is not null) return;
        Instance = Lab.Start("six");
        foreach (string gateway in new[] { "gw-six", "gw-home" }) Instance.Run("upnp", gateway, "only", "pcp");
    }

    private Lab? Instance { get; }

    /// <summary>The lab; skips the test where there is none.</summary>
    public Lab Require()
    {
        Assert.SkipWhen(Lab.Unavailable is not null, Lab.Unavailable ?? "");
        return Instance ?? throw new InvalidOperationException("the lab did not start");
    }

    public void Dispose() => Instance?.Dispose();

    /// <summary>Whether a datagram from the public side reaches a port of a node within a time.</summary>
    internal static async Task<bool> IsReachableAsync(Lab lab, string node, IPEndPoint endpoint, TimeSpan limit)
    {
        IPAddress any = endpoint.Address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
        await using IDatagramChannel inside = lab.Network(node).Open(new DatagramChannelOptions(new IPEndPoint(any, endpoint.Port)));
        await using IDatagramChannel outside = lab.Network("server2").Open(new DatagramChannelOptions(new IPEndPoint(any, 0)));
        using CancellationTokenSource end = new(limit);
        Task<ReceivedDatagram> arrival = inside.ReceiveAsync(new byte[64], end.Token).AsTask();
        while (!arrival.IsCompleted)
        {
            await outside.SendAsync("knock"u8.ToArray(), endpoint, CancellationToken.None);
            await Task.WhenAny(arrival, Task.Delay(50));
        }

        return arrival.IsCompletedSuccessfully;
    }
}
