namespace Btmm.Protocol.Dns.Push;

/// <summary>
/// How a client shows on a connection that it holds a key, since DSO messages cannot be signed (RFC 8490 §5.4.6): by a signed
/// query (RFC 8945) for a name that says which server it takes itself to be connected to. Our own. Holds no state.
/// </summary>
/// <remarks>
/// <para>The name is made of a nonce, so that no two queries are the same, and the SHA-256 hash of the server's certificate, in three
/// labels of hexadecimal digits, before <c>_btmm-push</c> and a domain of the zone. The server believes the query on a TLS connection on which it showed just that
/// certificate, and then takes the key for proven for the life of that connection.</para>
/// <para>An ordinary signed query proves nothing here: it may have been sent in the clear and picked up by anybody. This one is sent
/// only inside TLS after the server was verified, so only that server reads it. A server that is believed for another zone, or
/// that got itself a certificate for this name, cannot pass it on to the right server over a connection of its own, because there
/// the certificate is another one: that is the channel binding "tls-server-end-point" (RFC 5929 §4), with one hash for all
/// certificates. An exporter (RFC 9266) would bind it to the connection itself, but the platform offers none; what the weaker
/// binding leaves open takes the server's private key.</para>
/// </remarks>
public static class PushAuthorization
{
    /// <summary>The label before the domain.</summary>
    public const string Label = "_btmm-push";

    private const int HashSize = 32;
    private const int DigitsPerLabel = HashSize; // half a hash, or a nonce
    private const int PrefixLength = 3 * (1 + DigitsPerLabel);

    /// <summary>Bytes of a nonce.</summary>
    public const int NonceSize = 16;

    /// <summary>The name to ask for, with type TXT; null when the domain is too long for one.</summary>
    /// <param name="certificateHash">SHA-256 of the server's certificate.</param>
    /// <param name="domain">A domain of the zone to watch.</param>
    /// <param name="nonce">Random bytes, new for each query.</param>
    /// <exception cref="ArgumentException">The hash does not have 32 bytes, or the nonce 16.</exception>
    public static DnsName? NameFor(ReadOnlySpan<byte> certificateHash, DnsName domain, ReadOnlySpan<byte> nonce)
    {
        if (certificateHash.Length != HashSize) throw new ArgumentException("A SHA-256 hash has 32 bytes.", nameof(certificateHash));
        if (nonce.Length != NonceSize) throw new ArgumentException("A nonce has 16 bytes.", nameof(nonce));
        if (domain.WireLength + PrefixLength + 1 + Label.Length > DnsNameWire.MaxLength) return null;
        string digits = Convert.ToHexStringLower(certificateHash);
        return domain.PrependLabels($"{Convert.ToHexStringLower(nonce)}.{digits[..DigitsPerLabel]}.{digits[DigitsPerLabel..]}.{Label}");
    }

    /// <summary>Whether a name is meant for a server with this certificate.</summary>
    /// <param name="name">The name.</param>
    /// <param name="certificateHash">SHA-256 of the certificate; empty for none.</param>
    public static bool IsFor(DnsName name, ReadOnlySpan<byte> certificateHash) =>
        certificateHash.Length == HashSize && IsAuthorization(name.Wire)
        && NameFor(certificateHash, name.Parent.Parent.Parent.Parent, stackalloc byte[NonceSize])?.Parent == name.Parent;

    /// <summary>Whether a name in uncompressed wire form is one of these, for whatever server.</summary>
    /// <param name="name">The name, or bytes that begin with one.</param>
    public static bool IsAuthorization(ReadOnlySpan<byte> name) =>
        name.Length > PrefixLength + Label.Length
        && name[0] == DigitsPerLabel && name[1 + DigitsPerLabel] == DigitsPerLabel && name[2 * (1 + DigitsPerLabel)] == DigitsPerLabel
        && name[PrefixLength] == Label.Length
        && DnsNameWire.Equals(name.Slice(PrefixLength + 1, Label.Length), "_btmm-push"u8);
}
