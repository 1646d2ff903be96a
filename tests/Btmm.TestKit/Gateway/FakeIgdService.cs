namespace Btmm.TestKit;

/// <summary>A WAN connection service that a <see cref="FakeGateway"/> describes and controls.</summary>
/// <param name="Name">Its type's name and version, such as "WANIPConnection:1".</param>
/// <param name="ControlPath">What its description says for the control URL; null for none.</param>
public sealed record FakeIgdService(string Name, string? ControlPath)
{
    /// <summary>What it answers for its connection's state.</summary>
    public string Status { get; init; } = "Connected";

    /// <summary>What it tells as its external address; null for the gateway's.</summary>
    public string? ExternalAddress { get; init; }

    internal string Type => $"urn:schemas-upnp-org:service:{Name}";
}
