namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>What a gateway's device description says about the services that map ports (UDA 1.1 §2.3). Immutable.</summary>
public sealed record IgdDescription
{
    private IgdDescription()
    {
    }

    /// <summary>The first device type in it, that of the outermost device as a rule; empty when it does not say.</summary>
    public required string DeviceType { get; init; }

    /// <summary>The first name in it, for people; empty when it does not say.</summary>
    public required string FriendlyName { get; init; }

    /// <summary>Who made it; empty when it does not say.</summary>
    public required string Manufacturer { get; init; }

    /// <summary>Its model, with the model number where there is one; empty when it does not say.</summary>
    public required string Model { get; init; }

    /// <summary>The base of relative URLs (URLBase); null when missing or empty.</summary>
    public required string? UrlBase { get; init; }

    /// <summary>The services that map ports, in the order of the description; perhaps none.</summary>
    public required IReadOnlyList<IgdService> Services { get; init; }

    /// <summary>Reads a description; false when it is no XML, is beyond a limit, or carries a DTD.</summary>
    public static bool TryParse(ReadOnlySpan<byte> document, out IgdDescription description)
    {
        IgdDescriptionWalk walk = new();
        bool good = walk.TryRead(document);
        description = good
            ? new IgdDescription
            {
                DeviceType = walk.Text("DEVICETYPE"),
                FriendlyName = walk.Text("FRIENDLYNAME"),
                Manufacturer = walk.Text("MANUFACTURER"),
                Model = $"{walk.Text("MODELNAME")} {walk.Text("MODELNUMBER")}".Trim(),
                UrlBase = walk.Text("URLBASE") is { Length: > 0 } urlBase ? urlBase : null,
                Services = walk.Services,
            }
            : null!;
        return good;
    }
}
