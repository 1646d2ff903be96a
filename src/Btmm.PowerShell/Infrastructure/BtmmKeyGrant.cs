using Btmm.Core.Administration;
using Btmm.Protocol.Dns;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>
/// What a key is to be good for, as people write it: <c>NAME</c> for reading and changing what is at and below it, or
/// <c>NAME=Read,Change,Transfer</c> with the rights; or a hashtable with Name, Access and Zone.
/// </summary>
public sealed class BtmmKeyGrant
{
    /// <summary>The name at and below which the key is good.</summary>
    public DnsName Name { get; set; } = DnsName.Root;

    /// <summary>What its holder may do there.</summary>
    public Core.Administration.ZoneAccess Access { get; set; } = Core.Administration.ZoneAccess.Read | Core.Administration.ZoneAccess.Change;

    /// <summary>The zone; the server's closest above the name unless given.</summary>
    public DnsName? Zone { get; set; }

    /// <summary>Reads a grant. PowerShell uses this to convert strings.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="FormatException">The name or a right cannot be used.</exception>
    public static BtmmKeyGrant Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split('=', 2, StringSplitOptions.TrimEntries);
        if (!DnsName.TryParse(parts[0], out DnsName? name)) throw new FormatException($"'{parts[0]}' is not a name; write NAME or NAME=Read,Change,Transfer.");
        var grant = new BtmmKeyGrant { Name = name };
        if (parts.Length < 2) return grant;
        if (parts[1].Any(char.IsAsciiDigit) || !Enum.TryParse(parts[1], ignoreCase: true, out Core.Administration.ZoneAccess access) || access == 0)
            throw new FormatException($"'{parts[1]}' are no rights; write one or more of Read, Change, Transfer, with commas.");
        grant.Access = access;
        return grant;
    }

    /// <summary>The same with its zone: the closest of those given.</summary>
    internal KeyGrant Resolve(IReadOnlyList<ZoneInfo> zones)
    {
        DnsName zone = Zone
            ?? zones.Select(item => item.Apex).Where(Name.IsSubdomainOf).MaxBy(apex => apex.WireLength)
            ?? Name; // the server says that it has no such zone
        return new KeyGrant(zone, Name, Access);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Name}={Access}";
}
