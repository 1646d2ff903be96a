namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>
/// An SSDP announcement (NOTIFY, UDA 1.1 §1.2). Immutable. Anybody on the link can forge one, so it is only a reason to ask.
/// </summary>
public sealed record SsdpNotice
{
    private SsdpNotice()
    {
    }

    /// <summary>What it says.</summary>
    public required SsdpNoticeKind Kind { get; init; }

    /// <summary>Of what it says it (NT); empty when it does not say.</summary>
    public required string Target { get; init; }

    /// <summary>The unique name (USN); empty when it does not say.</summary>
    public required string UniqueName { get; init; }

    /// <summary>Where the description is; null when it does not say.</summary>
    public required string? Location { get; init; }

    /// <summary>
    /// A number that grows with each start of the device (BOOTID.UPNP.ORG; in an update the next one); null when it does not say.
    /// </summary>
    public required uint? BootId { get; init; }

    /// <summary>Whether it is about a gateway or a part of one.</summary>
    public bool IsGateway => SsdpTarget.IsGateway(Target) || SsdpTarget.IsGateway(UniqueName);

    /// <summary>Reads an announcement; false for anything else, searches of others among it.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, out SsdpNotice notice)
    {
        notice = null!;
        if (SsdpHeaders.Parse(message, out string firstLine) is not { } headers) return false;
        if (!firstLine.StartsWith("NOTIFY ", StringComparison.OrdinalIgnoreCase)) return false;
        if (Kinds(headers.Text("NTS")) is not { } kind) return false;
        notice = new SsdpNotice
        {
            Kind = kind,
            Target = headers.Text("NT") ?? "",
            UniqueName = headers.Text("USN") ?? "",
            Location = headers.Text("LOCATION"),
            BootId = headers.Number(kind == SsdpNoticeKind.Update ? "NEXTBOOTID.UPNP.ORG" : "BOOTID.UPNP.ORG"),
        };
        return true;
    }

    private static SsdpNoticeKind? Kinds(string? subtype) => subtype?.ToUpperInvariant() switch
    {
        "SSDP:ALIVE" => SsdpNoticeKind.Alive,
        "SSDP:BYEBYE" => SsdpNoticeKind.Byebye,
        "SSDP:UPDATE" => SsdpNoticeKind.Update,
        _ => null,
    };
}
