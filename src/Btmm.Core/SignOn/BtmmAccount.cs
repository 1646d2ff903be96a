using System.Security.Cryptography;
using Btmm.Core.Diagnostics;
using Btmm.Protocol;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.SignOn;

/// <summary>
/// An account: a DNS domain and the keys that its hosts share, one key per purpose. Every host with the account may publish in
/// the domain and open tunnels to the account's other hosts. Thread-safe. Disposing it zeroes the keys.
/// </summary>
public sealed class BtmmAccount : IDisposable
{
    /// <summary>Bytes in the keys of a new account.</summary>
    public const int KeyLength = 32;

    /// <summary>The shortest pre-shared key accepted, bytes (128 bits).</summary>
    public const int MinPreSharedKeyLength = 16;

    private const int MaxPreSharedKeyLength = 64;
    private const string UpdateKeyLabel = "btmm-key";

    private readonly byte[] _ikePreSharedKey;

    /// <summary>Makes an account of its parts; takes ownership of the key.</summary>
    /// <param name="domain">The account's domain.</param>
    /// <param name="updateKey">Signs DNS queries and updates.</param>
    /// <param name="ikePreSharedKey">Authenticates hosts to each other; random, 16 to 64 bytes; copied.</param>
    /// <param name="servers">Servers to use instead of discovery; may be empty.</param>
    /// <param name="authority">Signs the certificates of the account's zone servers; null for none; disposed with the account.</param>
    /// <exception cref="BtmmException">InvalidValue: the pre-shared key has another length, or the domain is the root.</exception>
    public BtmmAccount(
        DnsName domain, TsigKey updateKey, ReadOnlySpan<byte> ikePreSharedKey, IReadOnlyList<ZoneServer>? servers = null, AccountAuthority? authority = null)
    {
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(updateKey);
        if (ikePreSharedKey.Length is < MinPreSharedKeyLength or > MaxPreSharedKeyLength)
            throw Invalid("The account's pre-shared key must have 16 to 64 random bytes.");
        if (domain.IsRoot)
            throw Invalid("The root cannot be an account's domain.");

        Domain = domain;
        UpdateKey = updateKey;
        _ikePreSharedKey = GC.AllocateUninitializedArray<byte>(ikePreSharedKey.Length, pinned: true);
        ikePreSharedKey.CopyTo(_ikePreSharedKey);
        Servers = servers ?? [];
        Authority = authority;
    }

    /// <summary>The account's domain.</summary>
    public DnsName Domain { get; }

    /// <summary>The TSIG key for queries and updates; disposed with the account.</summary>
    public TsigKey UpdateKey { get; }

    /// <summary>The key by which hosts authenticate to each other in IKE. Never printed; zeroed with the account.</summary>
    public ReadOnlyMemory<byte> IkePreSharedKey => _ikePreSharedKey;

    /// <summary>Servers to use instead of discovery by SRV records; empty for discovery.</summary>
    public IReadOnlyList<ZoneServer> Servers { get; }

    /// <summary>
    /// Signs the certificates of the account's zone servers, and is what its hosts trust them by; null in accounts from before
    /// there were any. Whether its private key is here says <see cref="AccountAuthority.CanIssue"/>.
    /// </summary>
    public AccountAuthority? Authority { get; }

    /// <summary>Makes a new account with random keys: HMAC-SHA256 for DNS, 256 bits for IKE, and an authority with its private key.</summary>
    /// <param name="domain">The account's domain.</param>
    /// <param name="random">Source of the keys.</param>
    /// <param name="servers">Servers to use instead of discovery.</param>
    /// <exception cref="BtmmException">InvalidValue: the domain is the root or too long to hold the key's name.</exception>
    public static BtmmAccount Create(DnsName domain, IRandomSource random, IReadOnlyList<ZoneServer>? servers = null)
    {
        ArgumentNullException.ThrowIfNull(domain);
        ArgumentNullException.ThrowIfNull(random);
        if (domain.WireLength + UpdateKeyLabel.Length + 1 > DnsNameWire.MaxLength)
            throw Invalid("The account's domain is too long.");

        Span<byte> updateSecret = stackalloc byte[KeyLength];
        Span<byte> ikeSecret = stackalloc byte[KeyLength];
        try
        {
            random.Fill(updateSecret);
            random.Fill(ikeSecret);
            var updateKey = new TsigKey(domain.Prepend(UpdateKeyLabel), TsigAlgorithm.HmacSha256, updateSecret);
            return new BtmmAccount(domain, updateKey, ikeSecret, servers, AccountAuthority.Create());
        }
        finally
        {
            CryptographicOperations.ZeroMemory(updateSecret);
            CryptographicOperations.ZeroMemory(ikeSecret);
        }
    }

    /// <summary>The same account with other servers; shares the keys, so only one of the two is disposed.</summary>
    public BtmmAccount WithServers(IReadOnlyList<ZoneServer> servers) => new(Domain, UpdateKey, _ikePreSharedKey, servers, Authority);

    /// <summary>The same account with another authority; shares the keys, so only one of the two is disposed.</summary>
    public BtmmAccount WithAuthority(AccountAuthority? authority) => new(Domain, UpdateKey, _ikePreSharedKey, Servers, authority);

    /// <inheritdoc/>
    public void Dispose()
    {
        UpdateKey.Dispose();
        Authority?.Dispose();
        CryptographicOperations.ZeroMemory(_ikePreSharedKey);
    }

    /// <summary>The domain; never a key.</summary>
    public override string ToString() => Domain.ToString();

    private static BtmmException Invalid(string message) => new(BtmmErrorReason.InvalidValue, message, "Choose another value.");
}
