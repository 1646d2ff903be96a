using System.Numerics;
using System.Security.Cryptography;
using Btmm.Protocol.Ike.Payloads;

namespace Btmm.Protocol.Ike.Crypto;

/// <summary>A Diffie-Hellman group on a NIST curve (RFC 5903): public values are x | y, the shared secret is x. Thread-safe.</summary>
internal sealed class IkeGroup
{
    private readonly ECCurve _curve;
    private readonly BigInteger _prime;
    private readonly BigInteger _b;
    private readonly byte[] _order;

    private IkeGroup(ushort id, ECCurve curve, string prime, string b, string order)
    {
        Id = id;
        _curve = curve;
        _prime = new BigInteger(Convert.FromHexString(prime), isUnsigned: true, isBigEndian: true);
        _b = new BigInteger(Convert.FromHexString(b), isUnsigned: true, isBigEndian: true);
        _order = Convert.FromHexString(order);
    }

    public static IkeGroup Ecp256 { get; } = new(
        IkeTransformId.GroupEcp256,
        ECCurve.NamedCurves.nistP256,
        "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
        "5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B",
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551");

    public static IkeGroup Ecp384 { get; } = new(
        IkeTransformId.GroupEcp384,
        ECCurve.NamedCurves.nistP384,
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF",
        "B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973");

    /// <summary>The transform identifier.</summary>
    public ushort Id { get; }

    /// <summary>Bytes of one coordinate.</summary>
    public int FieldSize => _order.Length;

    public static IkeGroup? ById(ushort id) => id switch
    {
        IkeTransformId.GroupEcp256 => Ecp256,
        IkeTransformId.GroupEcp384 => Ecp384,
        _ => null,
    };

    /// <summary>Makes a key pair; the private scalar is drawn by rejection from 1..order-1.</summary>
    public IkeKeyPair Generate(IRandomSource random)
    {
        var scalar = new byte[FieldSize];
        do random.Fill(scalar);
        while (scalar.AsSpan().IndexOfAnyExcept((byte)0) < 0 || scalar.AsSpan().SequenceCompareTo(_order) >= 0);
        return FromScalar(scalar);
    }

    /// <summary>Takes ownership of the scalar and zeroes it.</summary>
    public IkeKeyPair FromScalar(byte[] scalar)
    {
        var key = ECDiffieHellman.Create(new ECParameters { Curve = _curve, D = scalar });
        CryptographicOperations.ZeroMemory(scalar);
        return new IkeKeyPair(this, key);
    }

    /// <summary>
    /// Whether a peer's public value is a point of the curve (RFC 5903 §7's warning and CVE-2015-3240): right length, both
    /// coordinates below the prime, y² = x³ - 3x + b. The point at infinity has no such encoding, and the cofactor is 1.
    /// </summary>
    public bool IsValidPublic(ReadOnlySpan<byte> value)
    {
        if (value.Length != 2 * FieldSize) return false;
        var x = new BigInteger(value[..FieldSize], isUnsigned: true, isBigEndian: true);
        var y = new BigInteger(value[FieldSize..], isUnsigned: true, isBigEndian: true);
        if (x >= _prime || y >= _prime) return false;
        BigInteger left = y * y % _prime;
        BigInteger right = (BigInteger.ModPow(x, 3, _prime) + (_prime - 3) * x + _b) % _prime;
        return left == right;
    }

    internal ECParameters PublicParameters(ReadOnlySpan<byte> value) => new()
    {
        Curve = _curve,
        Q = new ECPoint { X = value[..FieldSize].ToArray(), Y = value[FieldSize..].ToArray() },
    };
}
