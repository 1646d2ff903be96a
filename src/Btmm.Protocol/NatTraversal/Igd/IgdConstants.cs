namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>Numbers of SSDP and of UPnP's Internet Gateway Device.</summary>
public static class IgdConstants
{
    // ---- UPnP Device Architecture 1.1, IGD:1 and IGD:2 ----

    /// <summary>The UDP port of SSDP (UDA 1.1 §1.2).</summary>
    public const int SsdpPort = 1900;

    /// <summary>The longest lease of IGD:2 in seconds; 0 means the same there, and "for ever" in IGD:1 (RFC 6970 §4.1).</summary>
    public const uint MaxLeaseSeconds = 604_800;

    /// <summary>The longest wait that a search lets devices choose, in seconds: the shortest allowed (UDA 1.1 §1.3.2).</summary>
    public const int SearchWaitSeconds = 1;

    // ---- ours ----

    /// <summary>The longest SSDP message that is looked at, in bytes.</summary>
    public const int MaxSsdpLength = 2048;

    /// <summary>The most header lines of an SSDP message; more make it bad.</summary>
    public const int MaxSsdpHeaders = 48;

    /// <summary>The longest URL that is looked at, in characters.</summary>
    public const int MaxUrlLength = 512;

    /// <summary>The longest description or SOAP answer that is looked at, in bytes.</summary>
    public const int MaxDocumentLength = 128 * 1024;

    /// <summary>The most elements of a document; more make it bad.</summary>
    public const int MaxElements = 4096;

    /// <summary>The deepest nesting of a document; deeper ones are bad.</summary>
    public const int MaxDepth = 32;

    /// <summary>The longest text of one element that is kept, in characters.</summary>
    public const int MaxTextLength = 1024;

    /// <summary>The most services of one description that are kept.</summary>
    public const int MaxServices = 16;

    /// <summary>The most values of one SOAP answer that are kept.</summary>
    public const int MaxValues = 32;
}
