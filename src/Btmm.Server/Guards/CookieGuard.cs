using System.Buffers.Binary;
using Btmm.Core.Contracts;
using Btmm.Protocol;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Cookies;
using Btmm.Server.Hosting;
using Btmm.Server.Requests;

namespace Btmm.Server.Guards;

/// <summary>
/// Checks clients' cookies and gives them ours (RFC 7873, RFC 9018), without remembering any client. The secret is shared with
/// other servers, or changed every day while the one before is good for the hour that a cookie lives. Allocates nothing but at
/// the change; thread-safe.
/// </summary>
internal sealed class CookieGuard
{
    private static readonly TimeSpan s_life = TimeSpan.FromDays(1);

    private readonly Lock _gate = new();
    private readonly IRandomSource _random;
    private readonly ServiceClock _clock;
    private readonly bool _isShared;
    private volatile byte[][] _secrets;
    private long _nextChange;

    /// <summary>Begins with the secrets given, the first of which makes cookies, or with a random one.</summary>
    internal CookieGuard(IReadOnlyList<ReadOnlyMemory<byte>> secrets, IRandomSource random, ServiceClock clock)
    {
        _random = random;
        _clock = clock;
        _isShared = secrets.Count > 0;
        _secrets = _isShared ? [.. secrets.Select(static secret => secret.ToArray())] : [NewSecret()];
        _nextChange = _isShared ? long.MaxValue : (clock.Now + s_life).Ticks;
    }

    /// <summary>Looks at a request's cookie and puts ours into the answer.</summary>
    internal CookieStatus Answer(in DnsRequestView request, in PeerAddress client, EdnsReply reply)
    {
        if (!request.TryFindOption(DnsServerCookie.OptionCode, out ReadOnlySpan<byte> option))
            return CookieStatus.None;
        if (!DnsServerCookie.IsWellFormed(option))
            return CookieStatus.Malformed;
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, client.Address);
        ReadOnlySpan<byte> address = client.IsIPv4 ? bytes[12..] : bytes;
        byte[][] secrets = Secrets();
        bool isValid = IsValid(secrets, option, address, out bool isFresh);
        if (isFresh)
        {
            reply.TryAdd(DnsServerCookie.OptionCode, option);
            return CookieStatus.Valid;
        }

        Span<byte> ours = stackalloc byte[DnsServerCookie.ClientSize + DnsServerCookie.Size];
        option[..DnsServerCookie.ClientSize].CopyTo(ours);
        DnsServerCookie.Write(secrets[0], option[..DnsServerCookie.ClientSize], address, _clock.UtcNow, ours[DnsServerCookie.ClientSize..]);
        reply.TryAdd(DnsServerCookie.OptionCode, ours);
        return isValid ? CookieStatus.Valid : CookieStatus.Unproven;
    }

    private bool IsValid(byte[][] secrets, ReadOnlySpan<byte> option, ReadOnlySpan<byte> address, out bool isFresh)
    {
        isFresh = false;
        ReadOnlySpan<byte> client = option[..DnsServerCookie.ClientSize];
        for (int i = 0; i < secrets.Length; i++)
        {
            if (!DnsServerCookie.IsValid(secrets[i], client, option[DnsServerCookie.ClientSize..], address, _clock.UtcNow, out isFresh))
                continue;
            isFresh &= i == 0;
            return true;
        }

        isFresh = false;
        return false;
    }

    private byte[][] Secrets()
    {
        if (_clock.Now.Ticks < Volatile.Read(ref _nextChange))
            return _secrets;
        lock (_gate)
        {
            if (!_isShared && _clock.Now.Ticks >= _nextChange)
            {
                _secrets = [NewSecret(), _secrets[0]];
                Volatile.Write(ref _nextChange, (_clock.Now + s_life).Ticks);
            }

            return _secrets;
        }
    }

    private byte[] NewSecret()
    {
        byte[] secret = new byte[DnsServerCookie.SecretSize];
        _random.Fill(secret);
        return secret;
    }
}
