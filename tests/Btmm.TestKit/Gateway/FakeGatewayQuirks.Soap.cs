namespace Btmm.TestKit;

/// <summary>UPnP IGD: the actions.</summary>
public sealed partial record FakeGatewayQuirks
{
    /// <summary>Leases other than 0 are refused with this code; 0 for no quirk (725: tailscale issue 9343; 402: issue 15223).</summary>
    public int LeaseError { get; init; }

    /// <summary>Protocols other than "UDP" and "TCP" in upper case are refused with 402 (tailscale issue 7377).</summary>
    public bool DemandsUpperCase { get; init; }

    /// <summary>What is told as the external address; null for the right one ("0.0.0.0" and "" were met: tailscale corp issue 23538).</summary>
    public string? IgdExternalAddress { get; init; }

    /// <summary>The error for an external port that another client holds (718, or 729: syncthing issue 9324).</summary>
    public int ConflictCode { get; init; } = 718;

    /// <summary>A mapping that this client made is a conflict too, when it asks for it again (miniupnp issue 165).</summary>
    public bool RenewalConflicts { get; init; }

    /// <summary>External ports above this are refused with 402: the port is a signed number in there (32767).</summary>
    public int MaxExternalPort { get; init; } = ushort.MaxValue;

    /// <summary>External ports other than the internal one are refused with 724.</summary>
    public bool DemandsSamePort { get; init; }

    /// <summary>AddPortMapping and AddAnyPortMapping are refused with this code; 0 for no quirk (606 not authorized, 501 failed).</summary>
    public int AddError { get; init; }

    /// <summary>AddAnyPortMapping alone is refused with this code; 0 for no quirk (401: described but not there).</summary>
    public int AddAnyError { get; init; }

    /// <summary>AddAnyPortMapping answers this as the port; null for no quirk ("" crashed clients: tailscale issue 10911).</summary>
    public string? AddAnyAnswer { get; init; }

    /// <summary>GetSpecificPortMappingEntry is refused with this code; 0 for no quirk.</summary>
    public int EntryError { get; init; }

    /// <summary>GetStatusInfo is refused with this code; 0 for no quirk.</summary>
    public int StatusError { get; init; }

    /// <summary>GetExternalIPAddress is refused with this code; 0 for no quirk.</summary>
    public int AddressError { get; init; }

    /// <summary>DeletePortMapping is refused with this code; 0 for no quirk.</summary>
    public int DeleteError { get; init; }

    /// <summary>Mappings may be deleted by anybody, not only by the client they lead to.</summary>
    public bool AnybodyDeletes { get; init; }

    /// <summary>These actions are done, but not answered.</summary>
    public IReadOnlyList<string> UnansweredActions { get; init; } = [];

    /// <summary>These actions are answered with a page for people.</summary>
    public IReadOnlyList<string> GarbledActions { get; init; } = [];

    /// <summary>Faults come with HTTP's status 200.</summary>
    public bool FaultsWithOk { get; init; }

    /// <summary>Errors are HTTP 500 with an empty body.</summary>
    public bool EmptyFaults { get; init; }

    /// <summary>Answers to all actions have no elements in them.</summary>
    public bool EmptyAnswers { get; init; }
}
