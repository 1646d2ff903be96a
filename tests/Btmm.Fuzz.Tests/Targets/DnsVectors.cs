namespace Btmm.Fuzz.Tests.Targets;

/// <summary>The messages of the DNS tests' vectors.</summary>
internal static class DnsVectors
{
    internal static IReadOnlyList<byte[]> Messages { get; } = [.. Lines("wire.txt").Select(static line => Convert.FromHexString(line[1]))];

    internal static IReadOnlyList<byte[]> Signed { get; } = [.. Lines("tsig.txt").Select(static line => Convert.FromHexString(line[6]))];

    private static IEnumerable<string[]> Lines(string file)
    {
        using Stream stream = typeof(DnsVectors).Assembly.GetManifestResourceStream(file)!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n').Where(static line => line.Length > 0 && line[0] != '#').Select(static line => line.Split(' '))];
    }
}
