namespace Btmm.Protocol.Ike;

/// <summary>What to negotiate about ESP extended sequence numbers (RFC 7296 §3.3.2, transform type 5).</summary>
public enum IkeSequenceNumbers
{
    /// <summary>Offer and prefer 64-bit numbers, accept 32-bit ones.</summary>
    OfferExtended,

    /// <summary>Only 32-bit numbers: for peers that would choose 64-bit ones without being able to use them.</summary>
    Never,
}
