using System.Net;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>A gateway's answer to what its external address is.</summary>
/// <param name="Address">The address; null when it gave none.</param>
/// <param name="Error">Its error, if any.</param>
/// <param name="Said">What it said, for messages.</param>
internal sealed record IgdAddress(IPAddress? Address, IgdError? Error, string Said)
{
    /// <summary>Whether it is an address that could be of use: 0.0.0.0 is none.</summary>
    internal bool IsUsable => Address is not null && ExternalAddress.Classify(Address) != ExternalAddressKind.Unspecified;

    /// <summary>Whether the internet can reach it.</summary>
    internal bool IsPublic => Address is not null && ExternalAddress.IsPublic(Address);
}
