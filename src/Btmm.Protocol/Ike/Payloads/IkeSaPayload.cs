namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Security Association (RFC 7296 §3.3).</summary>
internal sealed class IkeSaPayload(IReadOnlyList<IkeProposal> proposals) : IkePayload
{
    public override IkePayloadType Type => IkePayloadType.SecurityAssociation;

    public IReadOnlyList<IkeProposal> Proposals { get; } = proposals;

    public static bool TryParse(ReadOnlySpan<byte> body, out IkePayload? payload)
    {
        payload = null;
        var reader = new IkeReader(body);
        var proposals = new List<IkeProposal>();
        bool isLast = false;
        while (!isLast)
        {
            if (proposals.Count == IkeLimits.MaxProposals) return false;
            if (!IkeProposal.TryParse(ref reader, out IkeProposal? proposal, out isLast) || proposal is null) return false;
            proposals.Add(proposal);
        }

        if (reader.Remaining != 0) return false;
        payload = new IkeSaPayload(proposals);
        return true;
    }

    public override void WriteBody(ref IkeWriter writer)
    {
        for (int i = 0; i < Proposals.Count; i++) Proposals[i].Write(ref writer, i == Proposals.Count - 1);
    }
}
