namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>A UPnP error (UDA 1.1 §3.2.2; WANIPConnection's own; RFC 6970 §4.3). Immutable.</summary>
/// <param name="Code">Its number; 0 when the gateway gave none.</param>
/// <param name="Text">What the gateway wrote with it, one short line; perhaps empty.</param>
public readonly record struct IgdError(int Code, string Text)
{
    /// <summary>The action has an argument that is missing or bad.</summary>
    public const int InvalidArguments = 402;

    /// <summary>The action failed.</summary>
    public const int ActionFailed = 501;

    /// <summary>This host may not.</summary>
    public const int NotAuthorized = 606;

    /// <summary>There is no such mapping.</summary>
    public const int NoSuchEntryInArray = 714;

    /// <summary>The external port is taken.</summary>
    public const int ConflictInMappingEntry = 718;

    /// <summary>External and internal port have to be the same.</summary>
    public const int SamePortValuesRequired = 724;

    /// <summary>There are only permanent leases.</summary>
    public const int OnlyPermanentLeasesSupported = 725;

    /// <summary>No port is free.</summary>
    public const int NoPortMapsAvailable = 728;

    /// <summary>The port is used by the gateway itself.</summary>
    public const int ConflictWithOtherMechanisms = 729;

    /// <summary>What it means.</summary>
    public IgdErrorKind Kind => Code switch
    {
        401 or 602 => IgdErrorKind.UnknownAction,
        InvalidArguments or 600 or 601 or 605 => IgdErrorKind.InvalidArguments,
        NotAuthorized or 403 or 604 => IgdErrorKind.NotAuthorized,
        713 or NoSuchEntryInArray or 730 => IgdErrorKind.NoSuchEntry,
        ConflictInMappingEntry or ConflictWithOtherMechanisms => IgdErrorKind.Conflict,
        SamePortValuesRequired => IgdErrorKind.SamePortOnly,
        OnlyPermanentLeasesSupported => IgdErrorKind.PermanentOnly,
        NoPortMapsAvailable or 603 => IgdErrorKind.OutOfResources,
        715 or 716 or 726 or 727 or 732 => IgdErrorKind.Wildcard,
        0 when Text.Contains("Conflict", StringComparison.OrdinalIgnoreCase) => IgdErrorKind.Conflict,
        _ => IgdErrorKind.Failed,
    };

    /// <summary>The error for messages: its number and the gateway's words.</summary>
    public override string ToString() =>
        (Code == 0 ? "an error without a number" : $"error {Code}") + (Text.Length == 0 ? "" : $", \"{Text}\"");
}
