namespace Btmm.Protocol.NatTraversal.NatPmp;

/// <summary>NAT-PMP result codes (RFC 6886 §3.5). Any other value is an error too.</summary>
public enum NatPmpResult : ushort
{
    /// <summary>The request was granted.</summary>
    Success = 0,

    /// <summary>The gateway does not speak version 0.</summary>
    UnsupportedVersion = 1,

    /// <summary>The gateway's administrator does not allow it.</summary>
    NotAuthorized = 2,

    /// <summary>The gateway itself has no working network on its outer side.</summary>
    NetworkFailure = 3,

    /// <summary>The gateway can make no more mappings.</summary>
    OutOfResources = 4,

    /// <summary>The gateway does not know the operation.</summary>
    UnsupportedOpcode = 5,
}
