namespace Btmm.Core.Contracts;

/// <summary>Makes TUN devices. Thread-safe.</summary>
public interface ITunDeviceFactory
{
    /// <summary>
    /// Makes an interface that lives as long as the returned object, or the process. It is down and has no address yet.
    /// </summary>
    /// <param name="name">The interface's name; with <c>%d</c> the system picks a number.</param>
    /// <param name="mtu">Largest IP packet in bytes, at least 1280 for IPv6.</param>
    /// <exception cref="Btmm.Core.Diagnostics.BtmmException">
    /// The driver is missing (TunUnavailable), the right to use it is (PermissionDenied), or the name is taken (ResourceBusy).
    /// </exception>
    ITunDevice Create(string name, int mtu);
}
