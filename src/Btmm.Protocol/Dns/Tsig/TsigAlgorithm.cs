using System.Diagnostics.CodeAnalysis;

namespace Btmm.Protocol.Dns.Tsig;

/// <summary>A TSIG algorithm (RFC 8945 §6). Immutable; one instance per algorithm.</summary>
public sealed class TsigAlgorithm
{
    private const int Sha1Length = 20;
    private const int Sha224Length = 28;
    private const int Sha256Length = 32;
    private const int Sha384Length = 48;
    private const int Sha512Length = 64;
    private const int Md5Length = 16;

    private TsigAlgorithm(string name, TsigHash hash, int hashLength, int macLength, string? wireName = null)
    {
        Name = name;
        Hash = hash;
        HashLength = hashLength;
        MacLength = macLength;
        WireName = DnsName.Parse(wireName ?? name);
    }

    /// <summary>HMAC-MD5: for old systems only, MUST NOT be used otherwise.</summary>
    public static TsigAlgorithm HmacMd5 { get; } = new("hmac-md5", TsigHash.Md5, Md5Length, Md5Length, "hmac-md5.sig-alg.reg.int");

    /// <summary>HMAC-SHA1: not recommended.</summary>
    public static TsigAlgorithm HmacSha1 { get; } = new("hmac-sha1", TsigHash.Sha1, Sha1Length, Sha1Length);

    /// <summary>HMAC-SHA224.</summary>
    public static TsigAlgorithm HmacSha224 { get; } = new("hmac-sha224", TsigHash.Sha224, Sha224Length, Sha224Length);

    /// <summary>HMAC-SHA256: recommended, and what new keys use.</summary>
    public static TsigAlgorithm HmacSha256 { get; } = new("hmac-sha256", TsigHash.Sha256, Sha256Length, Sha256Length);

    /// <summary>HMAC-SHA256 cut to 128 bits.</summary>
    public static TsigAlgorithm HmacSha256Truncated { get; } = new("hmac-sha256-128", TsigHash.Sha256, Sha256Length, Sha256Length / 2);

    /// <summary>HMAC-SHA384.</summary>
    public static TsigAlgorithm HmacSha384 { get; } = new("hmac-sha384", TsigHash.Sha384, Sha384Length, Sha384Length);

    /// <summary>HMAC-SHA384 cut to 192 bits.</summary>
    public static TsigAlgorithm HmacSha384Truncated { get; } = new("hmac-sha384-192", TsigHash.Sha384, Sha384Length, Sha384Length / 2);

    /// <summary>HMAC-SHA512.</summary>
    public static TsigAlgorithm HmacSha512 { get; } = new("hmac-sha512", TsigHash.Sha512, Sha512Length, Sha512Length);

    /// <summary>HMAC-SHA512 cut to 256 bits.</summary>
    public static TsigAlgorithm HmacSha512Truncated { get; } = new("hmac-sha512-256", TsigHash.Sha512, Sha512Length, Sha512Length / 2);

    /// <summary>All algorithms.</summary>
    public static IReadOnlyList<TsigAlgorithm> All { get; } =
    [
        HmacSha256, HmacSha384, HmacSha512, HmacSha256Truncated, HmacSha384Truncated, HmacSha512Truncated, HmacSha224, HmacSha1, HmacMd5,
    ];

    /// <summary>The name that people write.</summary>
    public string Name { get; }

    /// <summary>The name in TSIG records.</summary>
    public DnsName WireName { get; }

    /// <summary>Bytes in a MAC that is not truncated further.</summary>
    public int MacLength { get; }

    /// <summary>Whether use needs the legacy switch (<see cref="TsigKey"/>).</summary>
    public bool IsLegacy => Hash == TsigHash.Md5;

    internal TsigHash Hash { get; }

    internal int HashLength { get; }

    /// <summary>The shortest MAC that RFC 8945 §5.2.2.1 lets through, bytes.</summary>
    internal int ShortestMac => Math.Max(10, HashLength / 2);

    /// <summary>Finds an algorithm by the name that people write or by its wire name.</summary>
    /// <param name="text">The name.</param>
    /// <param name="algorithm">The algorithm.</param>
    public static bool TryParse(string? text, [NotNullWhen(true)] out TsigAlgorithm? algorithm)
    {
        algorithm = All.FirstOrDefault(known => string.Equals(known.Name, text, StringComparison.OrdinalIgnoreCase));
        if (algorithm is null && DnsName.TryParse(text, out DnsName? name)) algorithm = All.FirstOrDefault(known => known.WireName == name);
        return algorithm is not null;
    }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
