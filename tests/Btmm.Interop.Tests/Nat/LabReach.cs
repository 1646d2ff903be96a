using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.TestKit;

namespace Btmm.Interop.Tests.Nat;

/// <summary>What a mapping is worth: the daemon's own record of it, and datagrams from outside.</summary>
internal static class LabReach
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(10);

    /// <summary>The leases of a port of a host, by the gateway's lease file.</summary>
    internal static List<string> Leases(Lab lab, string gateway, int internalPort, string protocol = "UDP") =>
        [.. lab.Leases(gateway).Where(lease => lease.Split(':') is [var kind, _, _, var port, ..] && kind == protocol && port == internalPort.ToString(CultureInfo.InvariantCulture))];

    /// <summary>When a lease ends, in Unix seconds.</summary>
    internal static long Expiry(string lease) => long.Parse(lease.Split(':')[4], CultureInfo.InvariantCulture);

    /// <summary>Sends datagrams from a host on the public side until one arrives at the host's port.</summary>
    internal static async Task AssertReachableAsync(Lab lab, string host, int port, IPEndPoint? endpoint)
    {
        Assert.NotNull(endpoint);
        Assert.True(await IsReachableAsync(lab, host, port, endpoint, s_limit), $"no datagram came through {endpoint}");
    }

    /// <summary>Whether a datagram from a host on the public side arrives at the host's port within a time.</summary>
    internal static async Task<bool> IsReachableAsync(Lab lab, string host, int port, IPEndPoint endpoint, TimeSpan limit)
    {
        IPAddress any = endpoint.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any;
        await using IDatagramChannel inside = lab.Network(host).Open(new DatagramChannelOptions(new IPEndPoint(any, port)));
        await using IDatagramChannel outside = lab.Network("server2").Open(new DatagramChannelOptions(new IPEndPoint(any, 0)));
        byte[] buffer = new byte[64];
        using CancellationTokenSource end = new(limit);
        Task<ReceivedDatagram> arrival = inside.ReceiveAsync(buffer, end.Token).AsTask();
        while (!arrival.IsCompleted)
        {
            await outside.SendAsync("knock"u8.ToArray(), endpoint, CancellationToken.None);
            await Task.WhenAny(arrival, Task.Delay(100));
        }

        if (!arrival.IsCompletedSuccessfully) return false;
        Assert.Equal("knock"u8, buffer.AsSpan(0, arrival.Result.Length));
        return true;
    }
}
