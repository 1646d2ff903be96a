namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>PCP result codes (RFC 6887 §7.4). Any other value is an error too.</summary>
public enum PcpResult : byte
{
    /// <summary>The request was granted.</summary>
    Success = 0,

    /// <summary>The server does not speak this version.</summary>
    UnsupportedVersion = 1,

    /// <summary>The server's policy forbids it, or the mapping was made with another nonce (§11.3).</summary>
    NotAuthorized = 2,

    /// <summary>The server could not read the request.</summary>
    MalformedRequest = 3,

    /// <summary>The server does not know the operation.</summary>
    UnsupportedOpcode = 4,

    /// <summary>The server does not know a mandatory option.</summary>
    UnsupportedOption = 5,

    /// <summary>The server could not read an option, or it makes no sense.</summary>
    MalformedOption = 6,

    /// <summary>The server's outer network does not work; it may have no external address yet.</summary>
    NetworkFailure = 7,

    /// <summary>The server can make no more mappings now.</summary>
    NoResources = 8,

    /// <summary>The server does not map this transport protocol.</summary>
    UnsupportedProtocol = 9,

    /// <summary>This host, or its subscriber, has too many mappings.</summary>
    UserExceededQuota = 10,

    /// <summary>The port asked for with PREFER_FAILURE cannot be had (§13.2).</summary>
    CannotProvideExternal = 11,

    /// <summary>The request came from another address than it names: there is a NAT in between (§8.1).</summary>
    AddressMismatch = 12,

    /// <summary>The server cannot make so many filters (§13.3).</summary>
    ExcessiveRemotePeers = 13,
}
