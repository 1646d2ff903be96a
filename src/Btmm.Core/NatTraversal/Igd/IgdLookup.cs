using System.Net;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>A gateway's answer to where an external port leads to.</summary>
/// <param name="Entry">The mapping; null when there is none, or the gateway does not tell.</param>
/// <param name="IsMissing">Whether the gateway says that there is none.</param>
internal readonly record struct IgdLookup(IgdMappingEntry? Entry, bool IsMissing)
{
    /// <summary>Whether the port leads to a host's port.</summary>
    internal bool LeadsTo(IPAddress host, int port) => Entry is not null && Entry.InternalClient.Equals(host) && Entry.InternalPort == port;
}
