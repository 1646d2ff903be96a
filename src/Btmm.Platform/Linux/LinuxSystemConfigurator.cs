using System.Globalization;
using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;

namespace Btmm.Platform.Linux;

/// <summary>Changes the network configuration of this host (of this process's network namespace) by rtnetlink. Thread-safe.</summary>
public sealed class LinuxSystemConfigurator : ISystemConfigurator
{
    private const int MostInterfaces = 1000;
    private const int LongestName = 15;
    private readonly HostsFile _hosts;
    private readonly ITunDeviceFactory _tunDevices;

    /// <summary>Makes a configurator; nothing is changed yet.</summary>
    /// <param name="tunDevices">Creates TUN interfaces.</param>
    /// <param name="hosts">The hosts file, <c>/etc/hosts</c> unless given.</param>
    public LinuxSystemConfigurator(ITunDeviceFactory tunDevices, HostsFile? hosts = null)
    {
        _tunDevices = tunDevices;
        _hosts = hosts ?? new HostsFile();
    }

    /// <inheritdoc/>
    public string PickInterfaceName(string pattern)
    {
        if (!pattern.Contains("%d", StringComparison.Ordinal)) return CheckName(pattern);
        for (int i = 0; i < MostInterfaces; i++)
        {
            string name = CheckName(pattern.Replace("%d", i.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
            if (LinuxInterfaces.Index(name) == 0) return name;
        }

        throw new BtmmException(
            BtmmErrorReason.ResourceBusy, $"No interface name is free for {pattern}.", "Remove interfaces or choose another pattern.");
    }

    /// <inheritdoc/>
    public ITunDevice CreateTunnelInterface(string name, int mtu, string owner)
    {
        ITunDevice device = _tunDevices.Create(CheckName(name), mtu);
        try
        {
            LinuxInterfaces.BringUp(device.Name, mtu, owner);
            return device;
        }
        catch (BtmmException)
        {
            device.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool RemoveInterface(string name, string owner) =>
        LinuxInterfaces.Alias(name) == owner && LinuxInterfaces.Remove(name);

    /// <inheritdoc/>
    public void AddAddress(string interfaceName, IPAddress address) => LinuxInterfaces.AddAddress(interfaceName, address);

    /// <inheritdoc/>
    public bool RemoveAddress(string interfaceName, IPAddress address) => LinuxInterfaces.RemoveAddress(interfaceName, address);

    /// <inheritdoc/>
    public void AddRoute(string interfaceName, IPAddress destination) => LinuxInterfaces.AddRoute(interfaceName, destination);

    /// <inheritdoc/>
    public bool RemoveRoute(string interfaceName, IPAddress destination) => LinuxInterfaces.RemoveRoute(interfaceName, destination);

    /// <inheritdoc/>
    public void WriteHostsBlock(string owner, IReadOnlyList<HostsEntry> entries) => _hosts.Apply(owner, entries);

    /// <inheritdoc/>
    public bool RemoveHostsBlock(string owner) => _hosts.Apply(owner, []);

    private static string CheckName(string name)
    {
        bool valid = name.Length is > 0 and <= LongestName
            && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            && name is not ("." or "..");
        return valid ? name : throw new BtmmException(
            BtmmErrorReason.InvalidValue,
            $"\"{name}\" is no valid interface name.",
            "Use 1 to 15 letters, digits, '-', '_' or '.'.");
    }
}
