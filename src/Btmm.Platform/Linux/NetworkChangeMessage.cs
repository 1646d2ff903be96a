using Btmm.Core.Contracts;

namespace Btmm.Platform.Linux;

/// <summary>Turns rtnetlink notifications into <see cref="NetworkChange"/> values.</summary>
internal static class NetworkChangeMessage
{
    private const ushort NewLink = 16;
    private const ushort DeleteLink = 17;
    private const ushort NewAddress = 20;
    private const ushort DeleteAddress = 21;
    private const ushort NewRoute = 24;
    private const ushort DeleteRoute = 25;

    private const int InterfaceInfoLength = 16; // struct ifinfomsg: family 0, type 2, index 4, flags 8, change 12
    private const int AddressInfoLength = 8;    // struct ifaddrmsg: family 0, prefix 1, flags 2, scope 3, index 4
    private const int RouteInfoLength = 12;     // struct rtmsg
    private const ushort RouteOutputInterface = 4;

    /// <summary>Reads one notification; false when it is of another kind or too short.</summary>
    internal static bool TryParse(ushort type, ReadOnlySpan<byte> payload, out NetworkChange change)
    {
        change = default;
        switch (type)
        {
            case NewLink or DeleteLink when payload.Length >= InterfaceInfoLength:
                change = new NetworkChange(NetworkChangeKind.Link, (int)NetlinkAttributes.ReadUInt32(payload[4..]));
                return true;
            case NewAddress or DeleteAddress when payload.Length >= AddressInfoLength:
                change = new NetworkChange(NetworkChangeKind.Address, (int)NetlinkAttributes.ReadUInt32(payload[4..]));
                return true;
            case NewRoute or DeleteRoute when payload.Length >= RouteInfoLength:
                bool found = NetlinkAttributes.TryFind(payload, RouteInfoLength, RouteOutputInterface, out ReadOnlySpan<byte> value);
                int index = found && value.Length == 4 ? (int)NetlinkAttributes.ReadUInt32(value) : 0;
                change = new NetworkChange(NetworkChangeKind.Route, index);
                return true;
            default:
                return false;
        }
    }
}
