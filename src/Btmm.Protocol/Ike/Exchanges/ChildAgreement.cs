namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>The outcome of an exchange that makes a child SA.</summary>
internal sealed record ChildAgreement
{
    public required EspNegotiation.Choice Choice { get; init; }

    public required uint InboundSpi { get; init; }

    public required byte[] InitiatorNonce { get; init; }

    public required byte[] ResponderNonce { get; init; }

    /// <summary>g^ir of the exchange's own key exchange; null for none.</summary>
    public byte[]? Secret { get; init; }

    /// <summary>Whether this side started the exchange.</summary>
    public required bool StartedHere { get; init; }
}
