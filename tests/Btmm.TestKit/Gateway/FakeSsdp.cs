using System.Net;
using System.Text;

namespace Btmm.TestKit;

/// <summary>The SSDP side of a <see cref="FakeGateway"/> (UPnP Device Architecture §1.3). Its gateway locks.</summary>
internal sealed class FakeSsdp(FakeGateway gateway)
{
    internal const int Port = 1900;
    internal static readonly IPAddress Group = IPAddress.Parse("239.255.255.250");

    private const string Device = "urn:schemas-upnp-org:device:InternetGatewayDevice:";

    /// <summary>The number of the gateway's start, which it tells with all that it says (UPnP Device Architecture 1.1 §1.2.2).</summary>
    internal uint BootId { get; set; } = 1;

    /// <summary>What the gateway multicasts when it has started.</summary>
    internal byte[] Notice()
    {
        string device = Device + gateway.Quirks.IgdVersion;
        return Encoding.ASCII.GetBytes(string.Join("\r\n", (string[])
        [
            "NOTIFY * HTTP/1.1",
            $"HOST: {Group}:{Port}",
            "CACHE-CONTROL: max-age=120",
            $"LOCATION: {Location()}",
            $"NT: {device}",
            "NTS: ssdp:alive",
            "SERVER: Fake/1.0 UPnP/1.1",
            $"USN: uuid:00000000-0000-0000-0000-000000000000::{device}",
            $"BOOTID.UPNP.ORG: {BootId}",
            "CONFIGID.UPNP.ORG: 1",
            "",
            "",
        ]));
    }

    /// <summary>Notes the search. Returns the answers.</summary>
    internal IReadOnlyList<byte[]> Answer(byte[] datagram, FakeSsdpWays way, IPEndPoint client)
    {
        string[] lines = Encoding.ASCII.GetString(datagram).Split("\r\n");
        if (lines[0] == "NOTIFY * HTTP/1.1") return []; // Its own, or another device's.
        bool search = lines[0] == "M-SEARCH * HTTP/1.1" && lines[^1].Length == 0 && Header(lines, "MAN") == "\"ssdp:discover\"";
        gateway.Note(
            FakeGatewayProtocols.Igd,
            search ? FakeGatewayRequestKind.Discover : FakeGatewayRequestKind.Malformed,
            search ? $"M-SEARCH {(way == FakeSsdpWays.Unicast ? "unicast" : "multicast")}" : "SSDP",
            client);
        FakeGatewayQuirks quirks = gateway.Quirks;
        if (!search || gateway.Ignores(FakeGatewayProtocols.Igd) || !quirks.SsdpWays.HasFlag(way)) return [];
        if (Header(lines, "ST") is not { } target || Found(target) is not { } found) return [];
        return [.. quirks.SsdpMoreLocations.Prepend(Location()).Select((at, index) => Write(found, at, index))];
    }

    private string Location() =>
        gateway.Quirks.SsdpLocation ?? $"http://{gateway.Address}:{FakeHttp.Port}{FakeIgd.DescriptionPath}";

    private static string? Header(string[] lines, string name) => lines
        .Where(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))
        .Select(line => line[(name.Length + 1)..].Trim())
        .FirstOrDefault();

    /// <summary>The target that an answer names; null when nothing here is what was searched for.</summary>
    private string? Found(string target)
    {
        FakeGatewayQuirks quirks = gateway.Quirks;
        if (quirks.SsdpTargets?.Any(end => target.EndsWith(end, StringComparison.Ordinal)) == false) return null;
        if (target is "ssdp:all" or "upnp:rootdevice") return "upnp:rootdevice";
        IEnumerable<string> types = gateway.IgdServices.Select(service => service.Type).Append(Device + quirks.IgdVersion);

        // A device of version 2 answers to version 1 too (UPnP Device Architecture §1.3.2).
        return types.Any(type => type == target || type == target[..^1] + "2" && target.EndsWith(":1", StringComparison.Ordinal))
            ? target
            : null;
    }

    private byte[] Write(string target, string location, int index)
    {
        string[] lines =
        [
            "HTTP/1.1 200 OK",
            "CACHE-CONTROL: max-age=120",
            $"ST: {target}",
            $"USN: uuid:00000000-0000-0000-0000-00000000000{index}::{target}",
            "EXT:",
            "SERVER: Fake/1.0 UPnP/1.1",
            $"BOOTID.UPNP.ORG: {BootId}",
            .. location.Length == 0 ? Array.Empty<string>() : [$"LOCATION: {location}"],
            "",
            "",
        ];
        return Encoding.ASCII.GetBytes(string.Join("\r\n", gateway.Quirks.HttpLowerCase ? FakeHttp.LowerCase(lines) : lines));
    }
}
