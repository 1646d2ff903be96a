using System.Globalization;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Protocol.Tests.Dns;

/// <summary>The vector files beside this class.</summary>
internal static class Vectors
{
    public static IReadOnlyDictionary<string, byte[]> Wire { get; } = Lines("wire.txt").ToDictionary(line => line[0], line => Hex.Bytes(line[1]));

    public static IReadOnlyDictionary<string, TsigVector> Tsig { get; } = Lines("tsig.txt").Select(TsigVector.Parse).ToDictionary(vector => vector.Id);

    /// <summary>Every DNS message of both files.</summary>
    public static IEnumerable<byte[]> Messages => [.. Wire.Values, .. Tsig.Values.Select(vector => vector.Signed)];

    private static IEnumerable<string[]> Lines(string file)
    {
        using Stream stream = typeof(Vectors).Assembly.GetManifestResourceStream($"Btmm.Protocol.Tests.Dns.vectors.{file}")!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' '))];
    }
}

internal sealed record TsigVector(string Id, DnsName Key, TsigAlgorithm Algorithm, byte[] Secret, DateTimeOffset Time, byte[] Mac, byte[] Signed, string? Prior)
{
    public static TsigVector Parse(string[] fields)
    {
        Assert.True(TsigAlgorithm.TryParse(fields[2], out TsigAlgorithm? algorithm));
        long time = long.Parse(fields[4][2..], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return new TsigVector(
            fields[0], DnsName.Parse(fields[1]), algorithm, Convert.FromBase64String(fields[3]), DateTimeOffset.FromUnixTimeSeconds(time),
            Hex.Bytes(fields[5]), Hex.Bytes(fields[6]), fields[7] == "-" ? null : fields[7]);
    }

    public TsigKey MakeKey() => new(Key, Algorithm, Secret, allowLegacy: true);

    /// <summary>The message without its TSIG record.</summary>
    public byte[] Unsigned
    {
        get
        {
            Assert.Equal(TsigStatus.Valid, TsigView.Find(Signed, out TsigView view));
            byte[] message = Signed[..view.RecordOffset];
            message[11]--;
            return message;
        }
    }
}
