namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>PCP operations (RFC 6887 §19.2) of which this client makes use. A response carries the operation plus 128.</summary>
public enum PcpOpcode : byte
{
    /// <summary>Is there a server, and what is its epoch? Also what it multicasts when it lost its state (§14.1).</summary>
    Announce = 0,

    /// <summary>Map a port, or let it through a firewall (§11).</summary>
    Map = 1,
}
