using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Core.Dns;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.NatTraversal;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>
/// Asks the zone's servers by UDP for a name that cannot exist. Any answer shows that UDP passes; an answer with an address from
/// a private range shows an interceptor that leads everybody to its sign-in page.
/// </summary>
internal sealed class DnsProbe(GatewayExaminerParts parts, EvidenceLog evidence)
{
    private const int LabelBytes = 10;
    private static readonly DnsClientOptions s_options = new() { FirstTimeout = TimeSpan.FromMilliseconds(250), TcpTimeout = TimeSpan.FromSeconds(1) };

    /// <summary>Asks all servers at the same time.</summary>
    /// <returns>Whether any answered, and whether it was an interceptor.</returns>
    internal async Task<(bool Heard, PortalFacts Portal)> RunAsync(IReadOnlyList<IPEndPoint> servers, DnsName zone, CancellationToken cancellationToken)
    {
        using var client = new DnsClient(parts.Channels, parts.Streams, parts.Random, parts.Time, s_options);
        var question = new DnsQuestion(zone.Prepend(RandomLabel()), DnsType.A);
        (bool Heard, PortalFacts Portal)[] found = await Task.WhenAll(
            servers.Select(server => AskAsync(client, server, question, cancellationToken))).ConfigureAwait(false);
        return (found.Any(one => one.Heard), found.Select(one => one.Portal).FirstOrDefault(portal => portal.Sign != PortalSign.None) ?? PortalFacts.None);
    }

    private async Task<(bool Heard, PortalFacts Portal)> AskAsync(
        DnsClient client, IPEndPoint server, DnsQuestion question, CancellationToken cancellationToken)
    {
        long start = evidence.Now;
        try
        {
            var request = new DnsMessage { Id = client.NewId(), Questions = [question] };
            DnsReply reply = await client.ExchangeAsync(request, [server], cancellationToken: cancellationToken).ConfigureAwait(false);
            IPAddress? address = reply.Message.Answers.Select(record => record.Data).OfType<AData>().FirstOrDefault()?.Address;
            bool isIntercepted = address is not null && ExternalAddress.Classify(address) != ExternalAddressKind.Public;
            string answered = address is null ? $"{reply.Message.Rcode} for a name that does not exist" : $"{address} for a name that does not exist";
            evidence.Add(GatewayStep.Dns, $"{server}", answered, start);
            return (true, isIntercepted ? new PortalFacts(PortalSign.Strong, Location: null) : PortalFacts.None);
        }
        catch (BtmmException e)
        {
            evidence.Add(GatewayStep.Dns, $"{server}", e.Reason == BtmmErrorReason.Timeout ? "no answer" : $"{e.Reason}", start);
            return (e.Reason == BtmmErrorReason.MalformedReply, PortalFacts.None);
        }
        catch (OperationCanceledException)
        {
            evidence.Add(GatewayStep.Dns, $"{server}", "no answer in time", start);
            return (false, PortalFacts.None);
        }
    }

    private string RandomLabel()
    {
        Span<byte> bytes = stackalloc byte[LabelBytes];
        parts.Random.Fill(bytes);
        return $"btmm-{Convert.ToHexStringLower(bytes)}";
    }
}
