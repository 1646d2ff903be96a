using Btmm.Core.Peers;
using Btmm.Protocol.Dns;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Reads the account's list of hosts and what it leads to, once.</summary>
internal static class ZoneReader
{
    // Questions asked at the same time.
    private const int Parallelism = 16;

    // The list, its services, their targets: a few rounds always do; more means that the zone changes while it is read.
    private const int MaxRounds = 8;

    /// <summary>Asks until the directory knows everything that it wants; returns the records.</summary>
    public static async Task<IReadOnlyList<DnsRecord>> ReadAllAsync(ZoneAccess zone, PeerDirectory directory, CancellationToken cancellationToken)
    {
        var sets = new Dictionary<DnsQuestion, IReadOnlyList<DnsRecord>>();
        for (int round = 0; round < MaxRounds; round++)
        {
            DnsQuestion[] missing = [.. directory.Wanted.Where(q => !sets.ContainsKey(q))];
            if (missing.Length == 0) break;
            foreach (DnsQuestion[] some in missing.Chunk(Parallelism))
            {
                IReadOnlyList<DnsRecord>[] answers = await Task.WhenAll(some.Select(q => zone.GetRecordsAsync(q, cancellationToken))).ConfigureAwait(false);
                for (int i = 0; i < some.Length; i++)
                {
                    sets[some[i]] = answers[i];
                    directory.Apply(new RecordSetChange(some[i], answers[i]));
                }
            }
        }
        return [.. sets.Values.SelectMany(s => s).Distinct()];
    }
}
