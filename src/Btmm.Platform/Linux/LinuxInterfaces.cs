using System.ComponentModel;
using System.Net;
using Btmm.Core.Diagnostics;

namespace Btmm.Platform.Linux;

/// <summary>
/// Interface properties, IPv6 addresses and routes by rtnetlink, in the network namespace of the calling process. Thread-safe.
/// </summary>
internal static class LinuxInterfaces
{
    private const byte FamilyInet6 = 10;
    private const byte HostPrefix = 128;
    private const uint InterfaceUp = 1;

    private const ushort LinkMtu = 4;
    private const ushort LinkAlias = 20;
    private const ushort LinkFamilySpecific = 26;
    private const ushort Inet6AddressGeneration = 8;
    private const byte AddressGenerationNone = 1;

    private const ushort AddressAddress = 1;
    private const ushort AddressLocal = 2;
    private const byte AddressNoDuplicateDetection = 0x02;

    private const ushort RouteDestination = 1;
    private const ushort RouteOutputInterface = 4;
    private const byte TableMain = 254;
    private const byte ProtocolStatic = 4;
    private const byte ScopeUniverse = 0;
    private const byte TypeUnicast = 1;

    private const int PermissionError = 1;
    private const int NoSuchProcess = 3;
    private const int NoSuchDeviceOrAddress = 6;
    private const int AccessError = 13;
    private const int Exists = 17;
    private const int NoSuchDevice = 19;
    private const int AddressNotAvailable = 99;

    /// <summary>The interface's index, or 0 when there is none of that name.</summary>
    internal static int Index(string name) => (int)RtnetlinkNative.InterfaceIndex(name);

    /// <summary>Sets MTU and owner tag, turns off the automatic link-local address and brings the interface up.</summary>
    internal static void BringUp(string name, int mtu, string owner)
    {
        int index = RequireIndex(name);
        var request = new RtnetlinkRequest(RtnetlinkRequest.NewLink, 0, RtnetlinkRequest.LinkPart(index))
            .Add(LinkMtu, (uint)mtu)
            .Add(LinkAlias, owner)
            .AddNested(LinkFamilySpecific, FamilyInet6, Inet6AddressGeneration, AddressGenerationNone);
        Check(Execute(request), $"setting the MTU of {name}");
        AllowIpv6(name);
        var up = new RtnetlinkRequest(RtnetlinkRequest.NewLink, 0, RtnetlinkRequest.LinkPart(index, InterfaceUp, InterfaceUp));
        Check(Execute(up), $"bringing {name} up");
    }

    /// <summary>The interface's alias, our owner tag; null when it has none or does not exist.</summary>
    internal static string? Alias(string name)
    {
        int index = Index(name);
        if (index == 0) return null;
        string? alias = null;
        using var connection = new RtnetlinkConnection();
        connection.Exchange(
            new RtnetlinkRequest(RtnetlinkRequest.GetLink, 0, RtnetlinkRequest.LinkPart(index)),
            (type, payload) => alias = type == RtnetlinkRequest.NewLink ? FindString(payload.Span, 16, LinkAlias) : alias);
        return alias;
    }

    internal static bool Remove(string name)
    {
        int index = Index(name);
        return index != 0 && Removed(
            Execute(new RtnetlinkRequest(RtnetlinkRequest.DeleteLink, 0, RtnetlinkRequest.LinkPart(index))), $"removing {name}");
    }

    internal static void AddAddress(string name, IPAddress address)
    {
        int error = Execute(AddressRequest(
            RtnetlinkRequest.NewAddress, RtnetlinkRequest.FlagCreate | RtnetlinkRequest.FlagReplace, RequireIndex(name), address));
        if (error != Exists) Check(error, $"adding {address} to {name}");
    }

    internal static bool RemoveAddress(string name, IPAddress address)
    {
        int index = Index(name);
        return index != 0 && Removed(
            Execute(AddressRequest(RtnetlinkRequest.DeleteAddress, 0, index, address)), $"removing {address} from {name}");
    }

    internal static void AddRoute(string name, IPAddress destination)
    {
        int error = Execute(RouteRequest(RtnetlinkRequest.NewRoute, RtnetlinkRequest.FlagCreate, RequireIndex(name), destination));
        if (error != Exists) Check(error, $"adding a route to {destination} through {name}");
    }

    internal static bool RemoveRoute(string name, IPAddress destination)
    {
        int index = Index(name);
        return index != 0 && Removed(
            Execute(RouteRequest(RtnetlinkRequest.DeleteRoute, 0, index, destination)), $"removing the route to {destination}");
    }

    private static RtnetlinkRequest AddressRequest(ushort type, ushort flags, int index, IPAddress address)
    {
        // struct ifaddrmsg: family, prefix length, flags, scope, interface index
        byte[] part = [FamilyInet6, HostPrefix, AddressNoDuplicateDetection, ScopeUniverse, .. BitConverter.GetBytes(index)];
        byte[] bytes = address.GetAddressBytes();
        return new RtnetlinkRequest(type, flags, part).Add(AddressLocal, bytes).Add(AddressAddress, bytes);
    }

    private static RtnetlinkRequest RouteRequest(ushort type, ushort flags, int index, IPAddress destination)
    {
        // struct rtmsg: family, dst_len, src_len, tos, table, protocol, scope, type, flags
        byte[] part = [FamilyInet6, HostPrefix, 0, 0, TableMain, ProtocolStatic, ScopeUniverse, TypeUnicast, 0, 0, 0, 0];
        return new RtnetlinkRequest(type, flags, part)
            .Add(RouteDestination, destination.GetAddressBytes())
            .Add(RouteOutputInterface, (uint)index);
    }

    private static string? FindString(ReadOnlySpan<byte> message, int fixedPart, ushort wanted)
    {
        ReadOnlySpan<byte> rest = message.Length > fixedPart ? message[fixedPart..] : default;
        while (rest.Length >= 4)
        {
            int length = BitConverter.ToUInt16(rest);
            if (length < 4 || length > rest.Length) return null;
            if (BitConverter.ToUInt16(rest[2..]) == wanted) return System.Text.Encoding.UTF8.GetString(rest[4..length].TrimEnd((byte)0));
            rest = rest[Math.Min(rest.Length, (length + 3) & ~3)..];
        }

        return null;
    }

    private static int Execute(RtnetlinkRequest request)
    {
        using var connection = new RtnetlinkConnection();
        return connection.Execute(request);
    }

    /// <summary>Containers often switch IPv6 off for new interfaces; on our own interface it is needed.</summary>
    private static void AllowIpv6(string name)
    {
        string path = $"/proc/sys/net/ipv6/conf/{name}/disable_ipv6";
        if (!File.Exists(path) || File.ReadAllText(path).Trim() == "0") return;
        try
        {
            File.WriteAllText(path, "0");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new BtmmException(
                BtmmErrorReason.SystemChangeFailed,
                $"IPv6 is switched off on {name} and cannot be switched on.",
                "Allow IPv6 inside the container (sysctl net.ipv6.conf.all.disable_ipv6=0).",
                e);
        }
    }

    private static int RequireIndex(string name)
    {
        int index = Index(name);
        return index != 0 ? index : throw Failure(NoSuchDevice, $"finding interface {name}");
    }

    private static bool Removed(int error, string what)
    {
        if (error is NoSuchProcess or NoSuchDevice or NoSuchDeviceOrAddress or AddressNotAvailable) return false;
        Check(error, what);
        return true;
    }

    private static void Check(int error, string what)
    {
        if (error != 0) throw Failure(error, what);
    }

    private static BtmmException Failure(int error, string what)
    {
        var cause = new Win32Exception(error);
        return error is PermissionError or AccessError
            ? new BtmmException(
                BtmmErrorReason.PermissionDenied,
                $"The system refused {what} ({cause.Message}).",
                "Run the node as root or with CAP_NET_ADMIN.",
                cause)
            : new BtmmException(
                BtmmErrorReason.SystemChangeFailed,
                $"The system could not do it: {what} ({cause.Message}).",
                "Check that IPv6 is enabled and that no other program manages this interface.",
                cause);
    }
}
