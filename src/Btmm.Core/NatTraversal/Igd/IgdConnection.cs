using System.Globalization;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>A service of a gateway that was found, and what it told when it was. The flags are learnt in use, by one task.</summary>
/// <param name="Client">Asks it.</param>
/// <param name="Location">Where its description came from.</param>
/// <param name="Description">What the gateway says about itself.</param>
/// <param name="Status">Whether its connection is up.</param>
/// <param name="Address">Its external address.</param>
/// <param name="BootId">The number of the gateway's start, where it tells.</param>
internal sealed record IgdConnection(
    IgdClient Client, IgdUrl Location, IgdDescription Description, IgdStatus Status, IgdAddress Address, uint? BootId)
{
    private const int MaxNameLength = 64;

    /// <summary>Whether it takes only leases without an end (error 725).</summary>
    internal bool IsPermanentOnly { get; set; }

    /// <summary>Whether it may know AddAnyPortMapping: version 2 does.</summary>
    internal bool CanAddAny { get; set; } = Client.Service is { Kind: IgdServiceKind.WanIp, Version: >= 2 };

    /// <summary>What it is, for people: its name and the service. Only what is printable, and not much of it, for it may be anything.</summary>
    internal string Detail
    {
        get
        {
            string name = Description.FriendlyName.Length > 0 ? Description.FriendlyName : $"{Description.Manufacturer} {Description.Model}";
            string printable = new([.. name.Where(static c => char.IsLetterOrDigit(c) || char.IsPunctuation(c) || c == ' ').Take(MaxNameLength)]);
            string service = Client.Service.Kind == IgdServiceKind.WanIp ? "WANIPConnection" : "WANPPPConnection";
            return string.Create(CultureInfo.InvariantCulture, $"{printable.Trim()}, {service}:{Client.Service.Version}").TrimStart(',', ' ');
        }
    }

    /// <summary>Whether nothing better can be found.</summary>
    internal bool IsPerfect => Status.IsConnected != false && Address.IsPublic;

    /// <summary>
    /// How good it is, by what counts more first: a connection that is up, an address that others reach, no PPP (gateways show both
    /// and use the other), the newer version. One that says it is not connected is taken when there is no other: some always say so.
    /// </summary>
    internal int Score
    {
        get
        {
            int connected = Status.IsConnected switch { true => 2, null => 1, false => 0 };
            int address = Address.IsPublic ? 3 : Address.IsUsable ? 2 : Address.Error is not null ? 1 : 0;
            int kind = Client.Service.Kind == IgdServiceKind.WanIp ? 1 : 0;
            return (((connected * 4) + address) * 2 + kind) * 2 + (Client.Service.Version >= 2 ? 1 : 0);
        }
    }
}
