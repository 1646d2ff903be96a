using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Microsoft.Win32.SafeHandles;

namespace Btmm.Platform.Linux;

/// <summary>Makes TUN devices of Linux, with segmentation offload where the kernel has it. Thread-safe.</summary>
public sealed class LinuxTunDeviceFactory : ITunDeviceFactory
{
    private const short BaseFlags =
        TunNative.FlagTun | TunNative.FlagNoPacketInformation | TunNative.FlagExclusive;

    private const uint TcpOffloads = TunNative.OffloadChecksum | TunNative.OffloadTcp4 | TunNative.OffloadTcp6;

    /// <summary>Makes a factory.</summary>
    /// <param name="allowOffload">False for one packet a system call, to measure or to work around a kernel.</param>
    public LinuxTunDeviceFactory(bool allowOffload = true) => AllowOffload = allowOffload;

    /// <summary>Whether devices may use segmentation offload.</summary>
    public bool AllowOffload { get; }

    /// <inheritdoc/>
    public ITunDevice Create(string name, int mtu)
    {
        if (Encoding.UTF8.GetByteCount(name) is 0 or >= TunNative.NameLength)
        {
            throw new BtmmException(
                BtmmErrorReason.InvalidValue, $"\"{name}\" is no valid interface name.", "Use 1 to 15 characters.");
        }
        SafeFileHandle file = OpenDriver();
        try
        {
            bool virtio = TryAttach(file, name, out string actual);
            int index = Configure(actual, mtu);
            // USO came with Linux 6.2.
            bool udp = virtio && TunNative.TrySetOffload(file, TcpOffloads | TunNative.OffloadUdp4 | TunNative.OffloadUdp6);
            bool tcp = udp || (virtio && TunNative.TrySetOffload(file, TcpOffloads));
            return new LinuxTunDevice(file, actual, index, mtu, virtio, tcp, udp);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static SafeFileHandle OpenDriver()
    {
        SafeFileHandle file = FileNative.Open(
            TunNative.DevicePath, FileNative.ReadWrite | FileNative.NonBlocking | FileNative.CloseOnExec, 0);
        if (!file.IsInvalid) return file;
        int error = Marshal.GetLastPInvokeError();
        file.Dispose();
        throw error is Errno.NoEntry or Errno.NoDevice or Errno.NoSuchDeviceOrAddress
            ? new BtmmException(
                BtmmErrorReason.TunUnavailable,
                $"{TunNative.DevicePath} cannot be opened: the TUN driver is missing.",
                $"Load it with \"modprobe tun\"; in a container, pass {TunNative.DevicePath} to it.")
            : Denied(TunNative.DevicePath + " cannot be opened", error);
    }

    private bool TryAttach(SafeFileHandle file, string name, out string actual)
    {
        string? attached = AllowOffload ? TunNative.Attach(file, name, BaseFlags | TunNative.FlagVirtioHeader) : null;
        bool virtio = attached is not null;
        if (!virtio && (!AllowOffload || Marshal.GetLastPInvokeError() == Errno.Invalid))
            attached = TunNative.Attach(file, name, BaseFlags);
        if (attached is null)
        {
            int error = Marshal.GetLastPInvokeError();
            throw error is Errno.Busy or Errno.Invalid
                ? new BtmmException(
                    BtmmErrorReason.ResourceBusy,
                    $"The interface name {name} is taken.",
                    "Remove the interface or choose another name.")
                : Denied($"The interface {name} cannot be made", error);
        }
        actual = attached;
        return virtio;
    }

    private static int Configure(string name, int mtu)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        int index = TunNative.InterfaceIndex(socket.SafeHandle, name);
        if (index >= 0 && TunNative.TrySetMtu(socket.SafeHandle, name, mtu)) return index;
        int error = Marshal.GetLastPInvokeError();
        throw error == Errno.Invalid
            ? new BtmmException(
                BtmmErrorReason.InvalidValue, $"The MTU {mtu} is not acceptable for {name}.", "Use 1280 to 65535 bytes.")
            : Denied($"The interface {name} cannot be set up", error);
    }

    private static BtmmException Denied(string what, int error)
    {
        string message = $"{what}: {Marshal.GetPInvokeErrorMessage(error)}.";
        return error is Errno.PermissionDenied or Errno.AccessDenied
            ? new BtmmException(
                BtmmErrorReason.PermissionDenied, message, "Run as root, or give the process CAP_NET_ADMIN.")
            : new BtmmException(BtmmErrorReason.TunUnavailable, message, "See the kernel's log (dmesg).");
    }
}
