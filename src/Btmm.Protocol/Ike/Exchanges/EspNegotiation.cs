using Btmm.Protocol.Esp;
using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>Offers and chooses algorithms of child SAs (RFC 7296 §3.3, RFC 4106 §8).</summary>
internal static class EspNegotiation
{
    /// <summary>What was chosen.</summary>
    /// <param name="Number">The proposal's number.</param>
    /// <param name="Spi">The other side's SPI.</param>
    /// <param name="Algorithm">The cipher.</param>
    /// <param name="Extended">Whether sequence numbers have 64 bits.</param>
    /// <param name="Group">The group of the key exchange; null for none.</param>
    internal sealed record Choice(byte Number, uint Spi, EspAlgorithm Algorithm, bool Extended, IkeGroup? Group);

    /// <summary>
    /// Proposals with a key exchange in <paramref name="group"/> first, then the same without: a responder that has none
    /// configured for child SAs takes the second.
    /// </summary>
    public static IkeSaPayload Offer(IkeOptions options, uint spi, IkeGroup? group, bool extended)
    {
        List<IkeProposal> proposals = [];
        if (group is not null) proposals.Add(Proposal(options, 1, spi, group, extended));
        proposals.Add(Proposal(options, (byte)(proposals.Count + 1), spi, null, extended));
        return new IkeSaPayload(proposals);
    }

    /// <summary>Chooses on the responder. A key exchange is only possible in CREATE_CHILD_SA.</summary>
    /// <param name="options">What this side can do.</param>
    /// <param name="offered">The initiator's offer.</param>
    /// <param name="canExchangeKeys">Whether there is a key exchange payload.</param>
    /// <param name="sentGroup">Its group.</param>
    /// <param name="extendedBefore">
    /// In a rekey, whether the old pair has 64-bit numbers, which then stays so where it can (RFC 7296 §2.8); null: the initiator's
    /// order decides, for it knows what its packet path can do.
    /// </param>
    public static Choice? Choose(IkeOptions options, IkeSaPayload offered, bool canExchangeKeys, ushort sentGroup, bool? extendedBefore)
    {
        foreach (EspAlgorithm algorithm in Algorithms(options))
            foreach (IkeProposal proposal in offered.Proposals)
                if (TryChoose(options, proposal, algorithm, canExchangeKeys, sentGroup, extendedBefore) is { } choice) return choice;
        return null;
    }

    public static IkeSaPayload Answer(Choice choice, uint spi)
    {
        List<IkeTransform> transforms = [Encryption(choice.Algorithm)];
        if (choice.Group is not null) transforms.Add(new IkeTransform(IkeTransformType.KeyExchange, choice.Group.Id));
        transforms.Add(SequenceNumbers(choice.Extended));
        return new IkeSaPayload(
            [new IkeProposal { Number = choice.Number, Protocol = IkeProtocolId.Esp, Spi = IkeProposal.SpiBytes(spi), Transforms = transforms }]);
    }

    /// <summary>What an answer to <see cref="Offer"/> chose; null when it is nothing that was offered.</summary>
    public static Choice? Accepted(IkeOptions options, IkeSaPayload answer, IkeGroup? offeredGroup, bool offeredExtended)
    {
        if (answer.Proposals.Count != 1) return null;
        IkeProposal proposal = answer.Proposals[0];
        int withGroup = offeredGroup is null ? 0 : 1;
        if (proposal.Number < 1 || proposal.Number > 1 + withGroup) return null;
        if (proposal.Of(IkeTransformType.Encryption).Count() != 1 || proposal.Of(IkeTransformType.SequenceNumbers).Count() > 1) return null;
        IkeTransform[] groups = proposal.Of(IkeTransformType.KeyExchange).Where(t => t.Id != IkeTransformId.GroupNone).ToArray();
        bool expectsGroup = offeredGroup is not null && proposal.Number == 1;
        if (groups.Length != (expectsGroup ? 1 : 0)) return null;
        foreach (EspAlgorithm algorithm in Algorithms(options))
            if (TryChoose(options, proposal, algorithm, expectsGroup, offeredGroup?.Id ?? 0, null) is { } choice)
                return choice.Extended && !offeredExtended ? null : choice;
        return null;
    }

    private static Choice? TryChoose(
        IkeOptions options, IkeProposal proposal, EspAlgorithm algorithm, bool canExchangeKeys, ushort sentGroup, bool? extendedBefore)
    {
        if (proposal.Protocol != IkeProtocolId.Esp || proposal.EspSpi is not { } spi) return null;
        if (proposal.Transforms.Any(t => t.Type is < IkeTransformType.Encryption or > IkeTransformType.SequenceNumbers)) return null;
        if (!proposal.Transforms.Contains(Encryption(algorithm))) return null;
        IkeTransform[] integrity = proposal.Of(IkeTransformType.Integrity).ToArray();
        if (integrity.Length > 0 && !integrity.Any(t => t.Id == IkeTransformId.IntegrityNone)) return null;

        ushort[] numbers = proposal.Of(IkeTransformType.SequenceNumbers).Select(t => t.Id).ToArray();
        bool extended = PrefersExtended(numbers, extendedBefore) && options.SequenceNumbers == IkeSequenceNumbers.OfferExtended;
        if (!extended && numbers.Length > 0 && !numbers.Contains(IkeTransformId.SequenceNumbers32)) return null;

        ushort[] groups = proposal.Of(IkeTransformType.KeyExchange).Select(t => t.Id).ToArray();
        if (groups.Length == 0 || (!canExchangeKeys && groups.Contains(IkeTransformId.GroupNone)))
            return new Choice(proposal.Number, spi, algorithm, extended, null);
        if (!canExchangeKeys) return null;
        IkeGroup? group = groups.OrderByDescending(id => id == sentGroup).Select(IkeGroup.ById).FirstOrDefault(g => g is not null);
        if (group is null && !groups.Contains(IkeTransformId.GroupNone)) return null;
        return new Choice(proposal.Number, spi, algorithm, extended, group);
    }

    private static bool PrefersExtended(ushort[] numbers, bool? before)
    {
        bool has64 = numbers.Contains(IkeTransformId.SequenceNumbers64);
        bool has32 = numbers.Contains(IkeTransformId.SequenceNumbers32);
        return has64 && (!has32 || (before ?? numbers[0] == IkeTransformId.SequenceNumbers64));
    }

    private static IkeProposal Proposal(IkeOptions options, byte number, uint spi, IkeGroup? group, bool extended)
    {
        List<IkeTransform> transforms = Algorithms(options).Select(Encryption).ToList();
        if (group is not null) transforms.Add(new IkeTransform(IkeTransformType.KeyExchange, group.Id));
        if (extended) transforms.Add(SequenceNumbers(true));
        transforms.Add(SequenceNumbers(false));
        return new IkeProposal { Number = number, Protocol = IkeProtocolId.Esp, Spi = IkeProposal.SpiBytes(spi), Transforms = transforms };
    }

    private static EspAlgorithm[] Algorithms(IkeOptions options) =>
        options.AllowAes128 ? [EspAlgorithm.AesGcm256, EspAlgorithm.AesGcm128] : [EspAlgorithm.AesGcm256];

    private static IkeTransform Encryption(EspAlgorithm algorithm) =>
        new(IkeTransformType.Encryption, IkeTransformId.EncryptionAesGcm16, (ushort)(8 * EspSaParameters.GetKeyLength(algorithm)));

    private static IkeTransform SequenceNumbers(bool extended) =>
        new(IkeTransformType.SequenceNumbers, extended ? IkeTransformId.SequenceNumbers64 : IkeTransformId.SequenceNumbers32);
}
