using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Offers and chooses algorithms of IKE SAs (RFC 7296 §2.7, §3.3; RFC 5282 §8).</summary>
internal static class IkeNegotiation
{
    /// <summary>The suites that the options allow, best first.</summary>
    public static List<IkeAlgorithms> Allowed(IkeOptions options)
    {
        List<IkeAlgorithms> allowed = [];
        foreach (IkeSuite suite in options.Suites)
            if (suite != IkeSuite.Aes128Gcm16PrfSha256Ecp256 || options.AllowAes128) allowed.Add(IkeAlgorithms.For(suite));
        if (options.AllowAes128 && !options.Suites.Contains(IkeSuite.Aes128Gcm16PrfSha256Ecp256))
            allowed.Add(IkeAlgorithms.For(IkeSuite.Aes128Gcm16PrfSha256Ecp256));
        return allowed;
    }

    public static IkeSaPayload Offer(IReadOnlyList<IkeAlgorithms> suites, byte[] spi) => new(
        suites.Select((suite, i) => new IkeProposal
        {
            Number = (byte)(i + 1),
            Protocol = IkeProtocolId.Ike,
            Spi = spi,
            Transforms =
            [
                new IkeTransform(IkeTransformType.Encryption, IkeTransformId.EncryptionAesGcm16, suite.KeyBits),
                new IkeTransform(IkeTransformType.Prf, suite.PrfId),
                new IkeTransform(IkeTransformType.KeyExchange, suite.Group.Id),
            ],
        }).ToList());

    /// <summary>Chooses; of the acceptable suites one that fits the key exchange already sent goes first.</summary>
    public static (IkeAlgorithms Suite, IkeProposal Proposal)? Choose(IReadOnlyList<IkeAlgorithms> allowed, IkeSaPayload offered, ushort sentGroup)
    {
        foreach (IkeAlgorithms suite in allowed.OrderByDescending(s => s.Group.Id == sentGroup))
            foreach (IkeProposal proposal in offered.Proposals)
                if (Fits(suite, proposal)) return (suite, proposal);
        return null;
    }

    /// <summary>The answer to a chosen proposal: its number and exactly one transform of each type.</summary>
    public static IkeSaPayload Answer(IkeAlgorithms suite, IkeProposal chosen, byte[] spi)
    {
        List<IkeTransform> transforms =
        [
            new(IkeTransformType.Encryption, IkeTransformId.EncryptionAesGcm16, suite.KeyBits),
            new(IkeTransformType.Prf, suite.PrfId),
            new(IkeTransformType.KeyExchange, suite.Group.Id),
        ];
        if (chosen.Of(IkeTransformType.Integrity).Any()) transforms.Add(new IkeTransform(IkeTransformType.Integrity, IkeTransformId.IntegrityNone));
        return new IkeSaPayload([new IkeProposal { Number = chosen.Number, Protocol = IkeProtocolId.Ike, Spi = spi, Transforms = transforms }]);
    }

    /// <summary>The suite in an answer to <see cref="Offer"/>; null when it is none of those offered.</summary>
    public static IkeAlgorithms? Accepted(IReadOnlyList<IkeAlgorithms> offered, IkeSaPayload answer)
    {
        if (answer.Proposals.Count != 1) return null;
        IkeProposal proposal = answer.Proposals[0];
        if (proposal.Number < 1 || proposal.Number > offered.Count) return null;
        IkeAlgorithms suite = offered[proposal.Number - 1];
        return Fits(suite, proposal) && proposal.Transforms.Count(t => t.Type != IkeTransformType.Integrity) == 3 ? suite : null;
    }

    private static bool Fits(IkeAlgorithms suite, IkeProposal proposal)
    {
        bool Has(IkeTransformType type, ushort id, ushort bits = 0) =>
            proposal.Transforms.Any(t => t.Type == type && t.Id == id && t.KeyBits == bits && !t.HasUnknownAttribute);
        bool noForeignType = proposal.Transforms.All(t => t.Type is >= IkeTransformType.Encryption and <= IkeTransformType.KeyExchange);
        bool integrity = !proposal.Of(IkeTransformType.Integrity).Any() || Has(IkeTransformType.Integrity, IkeTransformId.IntegrityNone);
        return proposal.Protocol == IkeProtocolId.Ike && noForeignType && integrity
            && Has(IkeTransformType.Encryption, IkeTransformId.EncryptionAesGcm16, suite.KeyBits)
            && Has(IkeTransformType.Prf, suite.PrfId)
            && Has(IkeTransformType.KeyExchange, suite.Group.Id);
    }
}
