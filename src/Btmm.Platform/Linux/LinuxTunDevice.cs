using Btmm.Core.Contracts;
using Microsoft.Win32.SafeHandles;

namespace Btmm.Platform.Linux;

/// <summary>
/// A TUN device of Linux. With offload it reads TCP and UDP super-packets and cuts them into packets, and writes runs of
/// them as super-packets; without, it moves one packet a system call. One thread reads, any number write.
/// </summary>
public sealed partial class LinuxTunDevice : ITunDevice
{
    private readonly SafeFileHandle _handle;
    private readonly int _file;
    private readonly bool _virtio;
    private readonly Waiter _waiter = new();
    private volatile bool _mergeTcp;
    private volatile bool _mergeUdp;
    private bool _disposed;

    internal LinuxTunDevice(
        SafeFileHandle handle, string name, int index, int mtu, bool virtio, bool mergeTcp, bool mergeUdp)
    {
        _handle = handle;
        _file = (int)handle.DangerousGetHandle();
        _virtio = virtio;
        _mergeTcp = mergeTcp;
        _mergeUdp = mergeUdp;
        Name = name;
        InterfaceIndex = index;
        Mtu = mtu;
        HasOffload = mergeTcp;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public int InterfaceIndex { get; }

    /// <inheritdoc/>
    public int Mtu { get; }

    /// <summary>Whether super-packets pass between this device and the kernel.</summary>
    public bool HasOffload { get; }

    /// <inheritdoc/>
    public void Interrupt() => _waiter.Interrupt();

    /// <summary>Removes the interface. No other thread may be reading or writing.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _waiter.Interrupt();
        _waiter.Dispose();
        _handle.Dispose();
    }
}
