using System.Net;
using Btmm.Core.NatTraversal.Verdicts;

namespace Btmm.PowerShell.Output;

/// <summary>Whether others can reach this host, if not, which box is in the way, what to do about it, and how that is known.</summary>
public sealed class BtmmGatewayVerdict
{
    private readonly GatewayVerdict _verdict;

    internal BtmmGatewayVerdict(GatewayVerdict verdict) => _verdict = verdict;

    /// <summary>The verdict.</summary>
    public GatewayVerdictKind Verdict => _verdict.Kind;

    /// <summary>Whether others can reach this host, as far as can be told.</summary>
    public bool IsReachable => _verdict.IsReachable;

    /// <summary>The verdict in one sentence.</summary>
    public string Summary => _verdict.Summary;

    /// <summary>The box that the verdict and the remedy are about; null when there is none to name.</summary>
    public GatewayBox? Box => _verdict.Box;

    /// <summary>What to do, on which box; empty when nothing is wrong.</summary>
    public string Remedy => _verdict.Remedy;

    /// <summary>This network's gateway.</summary>
    public GatewayBox? Inner => _verdict.Inner;

    /// <summary>The box beyond it that translates again, when there is one.</summary>
    public GatewayBox? Outer => _verdict.Outer;

    /// <summary>This host's address towards the gateway.</summary>
    public IPAddress? LocalAddress => _verdict.LocalAddress;

    /// <summary>What the gateway calls its address on its other side.</summary>
    public IPAddress? ExternalAddress => _verdict.ExternalAddress;

    /// <summary>This host's address as servers on the internet see it.</summary>
    public IPAddress? PublicAddress => _verdict.PublicAddress;

    /// <summary>Whether the NATs on the way keep one outer port for all destinations.</summary>
    public NatMappingBehaviour NatMapping => _verdict.NatBehaviour.Mapping;

    /// <summary>Whom the NATs on the way let in.</summary>
    public NatFilteringBehaviour NatFiltering => _verdict.NatBehaviour.Filtering;

    /// <summary>What came of the trial mapping; null when none was tried.</summary>
    public MappingTrial? Mapping => _verdict.Mapping;

    /// <summary>Who answered what, and in which time.</summary>
    public IReadOnlyList<GatewayEvidence> Evidence => _verdict.Evidence;

    /// <summary>How long the examination took.</summary>
    public TimeSpan Duration => _verdict.Duration;

    /// <inheritdoc/>
    public override string ToString() => $"{Verdict}: {Summary}";
}
