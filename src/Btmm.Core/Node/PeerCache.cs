using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Btmm.Core.Peers;
using Btmm.Protocol.Identity;

namespace Btmm.Core.Node;

/// <summary>
/// The peers as last known, kept so that a node finds them while the zone service is down. The file is encrypted and
/// authenticated with a key derived from the account, mode 0600. Not thread-safe.
/// </summary>
internal sealed class PeerCache
{
    private const string FileName = "peers.cache";
    private const int NonceLength = 12;
    private const int TagLength = 16;
    private const int KeyLength = 32;
    private const int MaxLength = 1 << 20;

    private readonly StateDirectory _directory;
    private readonly byte[] _key;

    internal PeerCache(StateDirectory directory, ReadOnlySpan<byte> accountKey)
    {
        _directory = directory;
        _key = new byte[KeyLength];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, accountKey, _key, salt: default, info: "btmm peer cache 1"u8);
    }

    /// <summary>The cached peers; none when the file is missing, damaged, or of another account.</summary>
    internal IReadOnlyList<BtmmPeer> Load()
    {
        byte[]? file = _directory.Read(FileName);
        if (file is null || file.Length is < NonceLength + TagLength or > MaxLength) return [];
        byte[] plain = new byte[file.Length - NonceLength - TagLength];
        try
        {
            using var aes = new AesGcm(_key, TagLength);
            aes.Decrypt(file.AsSpan(0, NonceLength), file.AsSpan(NonceLength, plain.Length), file.AsSpan(NonceLength + plain.Length), plain);
            CachedPeer[]? peers = JsonSerializer.Deserialize(plain, PeerCacheJson.Default.CachedPeerArray);
            return [.. (peers ?? []).Select(peer => peer.ToPeer()).OfType<BtmmPeer>()];
        }
        catch (Exception e) when (e is AuthenticationTagMismatchException or JsonException)
        {
            return [];
        }
    }

    /// <summary>Replaces the file.</summary>
    internal void Save(IReadOnlyList<BtmmPeer> peers)
    {
        CachedPeer[] cached = [.. peers.Select(CachedPeer.From)];
        byte[] plain = JsonSerializer.SerializeToUtf8Bytes(cached, PeerCacheJson.Default.CachedPeerArray);
        byte[] file = new byte[NonceLength + plain.Length + TagLength];
        RandomNumberGenerator.Fill(file.AsSpan(0, NonceLength));
        using var aes = new AesGcm(_key, TagLength);
        aes.Encrypt(file.AsSpan(0, NonceLength), plain, file.AsSpan(NonceLength, plain.Length), file.AsSpan(NonceLength + plain.Length));
        _directory.Write(FileName, file);
    }
}

/// <summary>One peer as the cache keeps it.</summary>
internal sealed record CachedPeer(string Name, string Identifier, string? Endpoint, DateTimeOffset LastChange)
{
    internal static CachedPeer From(BtmmPeer peer) => new(peer.Name, peer.Identifier.ToString(), peer.Endpoint?.ToString(), peer.LastChange);

    internal BtmmPeer? ToPeer()
    {
        if (string.IsNullOrEmpty(Name) || !IPAddress.TryParse(Identifier, out IPAddress? identifier) || !PeerRules.IsIdentifier(identifier)) return null;
        IPEndPoint? endpoint = IPEndPoint.TryParse(Endpoint ?? "", out IPEndPoint? parsed) && PeerRules.IsPublic(parsed.Address) && parsed.Port != 0 ? parsed : null;
        return new BtmmPeer { Name = Name, Identifier = identifier, Endpoint = endpoint, Device = DeviceInfo.Empty, LastChange = LastChange, FromCache = true };
    }
}

/// <summary>Generated serialisers of the cache.</summary>
[JsonSerializable(typeof(CachedPeer[]))]
internal sealed partial class PeerCacheJson : JsonSerializerContext;
