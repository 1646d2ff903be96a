namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>Options of MAP (RFC 6887 §13). Codes below 128 must be understood by the server.</summary>
public enum PcpOptionCode : byte
{
    /// <summary>The mapping is for another host (§13.1). Understood when read, never sent.</summary>
    ThirdParty = 1,

    /// <summary>The port and address as suggested, or an error (§13.2).</summary>
    PreferFailure = 2,

    /// <summary>Only from certain remote peers (§13.3).</summary>
    Filter = 3,
}
