using System.Net;

namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>A gateway's answer to GetSpecificPortMappingEntry or GetGenericPortMappingEntry. Immutable.</summary>
/// <param name="InternalClient">The host that the port leads to.</param>
/// <param name="InternalPort">The port on that host.</param>
/// <param name="Description">What it was made with.</param>
/// <param name="LeaseSeconds">
/// The lease in seconds: what is left of it, or on some gateways what it was made with; 0 for ever; null when it does not say.
/// </param>
/// <remarks>Whether it is in force (NewEnabled) is not read: what was made to be is, and what gateways say of it is not to be relied on.</remarks>
public sealed record IgdMappingEntry(IPAddress InternalClient, ushort InternalPort, string Description, uint? LeaseSeconds)
{
    /// <summary>The port on the gateway; only the list tells it.</summary>
    public ushort? ExternalPort { get; init; }

    /// <summary>UDP or TCP; only the list tells it.</summary>
    public IgdTransport? Transport { get; init; }

    /// <summary>Reads it from an answer that is no error; false when it does not say where the port leads to.</summary>
    public static bool TryRead(IgdAnswer answer, out IgdMappingEntry entry)
    {
        ArgumentNullException.ThrowIfNull(answer);
        entry = null!;
        if (answer.Address("NewInternalClient") is not { } client || answer.Port("NewInternalPort") is not { } port) return false;
        entry = new IgdMappingEntry(client, port, answer.Text("NewPortMappingDescription") ?? "", answer.Number("NewLeaseDuration"))
        {
            ExternalPort = answer.Port("NewExternalPort"),
            Transport = answer.Text("NewProtocol")?.ToUpperInvariant() switch
            {
                "UDP" => IgdTransport.Udp,
                "TCP" => IgdTransport.Tcp,
                _ => null,
            },
        };
        return true;
    }
}
