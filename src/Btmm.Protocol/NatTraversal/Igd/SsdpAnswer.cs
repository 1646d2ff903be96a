namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>A device's answer to an SSDP search (UDA 1.1 §1.3.3). Immutable.</summary>
public sealed record SsdpAnswer
{
    private SsdpAnswer()
    {
    }

    /// <summary>Where its description is, as it says; not checked.</summary>
    public required string Location { get; init; }

    /// <summary>What it answers to (ST); empty when it does not say.</summary>
    public required string Target { get; init; }

    /// <summary>Its unique name (USN); empty when it does not say.</summary>
    public required string UniqueName { get; init; }

    /// <summary>Its software as it says; empty when it does not.</summary>
    public required string Server { get; init; }

    /// <summary>A number that grows with each of its starts (BOOTID.UPNP.ORG); null when it does not say.</summary>
    public required uint? BootId { get; init; }

    /// <summary>Whether it says to be a gateway or a part of one.</summary>
    public bool IsGateway => SsdpTarget.IsGateway(Target) || SsdpTarget.IsGateway(UniqueName);

    /// <summary>Reads an answer that carries a location; false for anything else.</summary>
    public static bool TryParse(ReadOnlySpan<byte> message, out SsdpAnswer answer)
    {
        answer = null!;
        if (SsdpHeaders.Parse(message, out string firstLine) is not { } headers) return false;
        if (!firstLine.StartsWith("HTTP/1.", StringComparison.OrdinalIgnoreCase) || !IsSuccess(firstLine)) return false;
        if (headers.Text("LOCATION") is not { } location) return false;
        answer = new SsdpAnswer
        {
            Location = location,
            Target = headers.Text("ST") ?? "",
            UniqueName = headers.Text("USN") ?? "",
            Server = headers.Text("SERVER") ?? "",
            BootId = headers.Number("BOOTID.UPNP.ORG"),
        };
        return true;
    }

    private static bool IsSuccess(string statusLine)
    {
        string[] parts = statusLine.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries);
        return parts.Length >= 2 && parts[1] == "200";
    }
}
