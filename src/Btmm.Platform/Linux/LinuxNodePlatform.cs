using System.Net.NetworkInformation;
using System.Runtime.InteropServices;
using Btmm.Core.Node;
using Btmm.Platform.Cryptography;
using Btmm.Platform.Sockets;
using Btmm.Protocol.Identity;

namespace Btmm.Platform.Linux;

/// <summary>What a node needs of Linux, put together. Thread-safe.</summary>
public static class LinuxNodePlatform
{
    private const string BootIdPath = "/proc/sys/kernel/random/boot_id";
    private const string ModelPath = "/sys/class/dmi/id/product_name";

    /// <summary>Puts the platform together; changes nothing.</summary>
    /// <param name="hostsPath">The hosts file; null for <c>/etc/hosts</c>.</param>
    public static NodePlatform Create(string? hostsPath = null) => new()
    {
        Channels = new UdpDatagramChannelFactory(),
        Streams = new TcpStreamDialer(),
        Sockets = new DatagramSocketFactory(),
        Ciphers = PlatformCiphers.Fastest,
        NameServers = new ResolvConf(),
        Gateways = new NetlinkGatewayFinder(),
        Hops = new LinuxHopFinder(),
        OpenMonitor = () => new NetlinkNetworkMonitor(),
        System = new LinuxSystemConfigurator(new LinuxTunDeviceFactory(), hostsPath is null ? null : new HostsFile(hostsPath)),
        BootId = ReadLine(BootIdPath) ?? Environment.MachineName,
        PrimaryEui64 = FindEui64(),
        Device = DescribeDevice(),
    };

    /// <summary>From the MAC of the interface with the default route, else of the first real one.</summary>
    private static Eui64? FindEui64()
    {
        string? primary = new NetlinkGatewayFinder().FindDefault()?.InterfaceName;
        IEnumerable<NetworkInterface> candidates = NetworkInterface.GetAllNetworkInterfaces()
            .Where(link => link.NetworkInterfaceType is not (NetworkInterfaceType.Loopback or NetworkInterfaceType.Tunnel))
            .OrderByDescending(link => link.Name == primary)
            .ThenBy(link => link.Name, StringComparer.Ordinal);
        foreach (NetworkInterface link in candidates)
        {
            byte[] mac = link.GetPhysicalAddress().GetAddressBytes();
            if (mac.Any(b => b != 0) && Eui64.TryFromMac(mac, out Eui64 eui64)) return eui64;
        }

        return null;
    }

    private static DeviceInfo DescribeDevice()
    {
        var attributes = new List<KeyValuePair<string, string?>>
        {
            new(DeviceInfo.OperatingSystemKey, RuntimeInformation.OSDescription),
            new(DeviceInfo.SoftwareKey, typeof(LinuxNodePlatform).Assembly.GetName().Version?.ToString(3)),
        };
        if (ReadLine(ModelPath) is { Length: > 0 } model) attributes.Insert(0, new(DeviceInfo.ModelKey, model));
        return DeviceInfo.TryCreate(attributes, out DeviceInfo? info) ? info! : DeviceInfo.Empty;
    }

    private static string? ReadLine(string path)
    {
        try
        {
            return File.Exists(path) ? File.ReadLines(path).FirstOrDefault()?.Trim() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not every container shows these files.
            return null;
        }
    }
}
