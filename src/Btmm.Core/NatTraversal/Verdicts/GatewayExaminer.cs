using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>
/// Finds out whether others can reach this host, and if not, which box is in the way and what to do about it: asks the gateway in
/// every port-mapping protocol, STUN servers, the routers on the way and whoever answers HTTP, all at the same time, and judges.
/// Thread-safe.
/// </summary>
/// <remarks>
/// Works with less: without STUN servers nothing is known of the NAT's behaviour and of what filters UDP; without an
/// <see cref="IHopFinder"/> a second NAT shows only by addresses. Talks to the gateway, to the router behind it when its address
/// is private, to the servers given, and to an address that nobody has; to nobody else.
/// </remarks>
public sealed class GatewayExaminer
{
    private readonly GatewayExaminerParts _parts;

    /// <summary>Joins the parts.</summary>
    /// <param name="parts">What the examination is carried out with.</param>
    public GatewayExaminer(GatewayExaminerParts parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        _parts = parts;
    }

    /// <summary>Examines. What does not work is part of the verdict, never an exception.</summary>
    /// <param name="options">What may be asked, and whom.</param>
    /// <param name="cancellationToken">Ends it; a trial mapping is given back before the task ends.</param>
    /// <exception cref="BtmmException">InvalidValue: the URL of the portal probe is not an absolute http one.</exception>
    /// <exception cref="OperationCanceledException">The caller ended it.</exception>
    public async Task<GatewayVerdict> ExamineAsync(GatewayExaminerOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.PortalProbe is { } url && !(url.IsAbsoluteUri && url.Scheme == Uri.UriSchemeHttp))
        {
            throw new BtmmException(
                BtmmErrorReason.InvalidValue, $"\"{url}\" is not an http address.", "Give a whole one that begins with http://; what is encrypted cannot be intercepted.");
        }

        var evidence = new EvidenceLog(_parts.Time);
        long start = evidence.Now;
        using var limit = new CancellationTokenSource(options.Limit, _parts.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        GatewayFacts facts = await new Examination(_parts, options, evidence).RunAsync(either.Token).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        return GatewayJudge.Judge(facts) with { Evidence = evidence.Close(), Duration = _parts.Time.GetElapsedTime(start) };
    }
}
