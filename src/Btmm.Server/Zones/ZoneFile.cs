using System.Buffers;
using System.Text;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Zone;

namespace Btmm.Server.Zones;

/// <summary>Zones as zone files. Holds no state.</summary>
internal static class ZoneFile
{
    private const int PieceSize = 64 * 1024;

    /// <summary>Reads the records of a zone file.</summary>
    /// <exception cref="BtmmException">InvalidValue: there is a mistake in it, and where.</exception>
    internal static async Task<List<DnsRecord>> ReadAsync(Stream file, DnsName origin, ZoneFileLimits limits, CancellationToken cancellationToken)
    {
        var parser = new ZoneFileParser(origin, limits);
        var records = new List<DnsRecord>();
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceSize);
        try
        {
            int length;
            do
            {
                length = await file.ReadAsync(piece, cancellationToken).ConfigureAwait(false);
                bool isGood = length == 0 ? parser.Complete() : parser.Feed(piece.AsSpan(0, length));
                if (!isGood)
                    throw new BtmmException(BtmmErrorReason.InvalidValue, $"The zone file is wrong at {parser.Error}", "Correct the file; nothing was changed.");
                while (parser.TryTake(out DnsRecord? record))
                    records.Add(record);
            }
            while (length > 0);
            return records;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    /// <summary>Writes a zone: the SOA first, then the names in canonical order (RFC 4034 §6.1).</summary>
    internal static async Task WriteAsync(ZoneSnapshot zone, Stream file, CancellationToken cancellationToken)
    {
        var writer = new ZoneFileWriter(zone.Apex);
        ZoneNode[] nodes = [.. zone.Nodes.Where(static node => !node.Records.IsEmpty)];
        Array.Sort(nodes, static (left, right) => left.Name.CompareTo(right.Name));
        var text = new StreamWriter(file, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), PieceSize, leaveOpen: true) { NewLine = "\n" };
        await using (text.ConfigureAwait(false))
        {
            await text.WriteLineAsync(writer.Header).ConfigureAwait(false);
            await text.WriteLineAsync(writer.ToLine(zone.Soa)).ConfigureAwait(false);
            foreach (ZoneNode node in nodes)
            {
                cancellationToken.ThrowIfCancellationRequested();
                foreach (ZoneRecord item in node.Records.Where(static item => item.Record.Type != DnsType.SOA).OrderBy(static item => item.Record.Type))
                    await text.WriteLineAsync(writer.ToLine(item.Record)).ConfigureAwait(false);
            }
        }
    }
}
