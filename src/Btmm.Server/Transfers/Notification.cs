using System.Diagnostics.CodeAnalysis;
using System.Net;
using Btmm.Core.Administration;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Zones;

namespace Btmm.Server.Transfers;

/// <summary>What one secondary is to be told about one zone (RFC 1996). Belongs to its <see cref="ZoneNotifier"/>.</summary>
internal sealed class Notification(Zone zone, ZoneSecondary target) : IDisposable
{
    private TsigClientTransaction? _tsig;
    private ushort _id;

    internal Zone Zone => zone;

    internal IPEndPoint Target => target.EndPoint;

    /// <summary>When it is to be sent, first or again.</summary>
    internal TimeSpan Due { get; set; }

    /// <summary>How often it has been sent.</summary>
    internal int Attempts { get; set; }

    /// <summary>Whether the zone has changed since it was last sent.</summary>
    internal bool IsStale { get; set; } = true;

    /// <summary>Writes the message with the zone's present SOA; false when its key is not there.</summary>
    internal bool TryWrite(ushort id, ITsigKeyRing keys, DateTimeOffset now, [NotNullWhen(true)] out byte[]? message)
    {
        message = null;
        _id = id;
        _tsig?.Dispose();
        _tsig = null;
        var notify = new DnsMessage
        {
            Id = id,
            Opcode = DnsOpcode.Notify,
            Flags = DnsFlags.Authoritative,
            Questions = [new DnsQuestion(zone.Apex, DnsType.SOA)],
            Answers = [zone.Current.Soa],
        };
        byte[] bytes = notify.ToArray();
        if (target.KeyName is { } name)
        {
            if (keys.Find(name.Wire) is not { } key)
                return false;
            _tsig = new TsigClientTransaction(key);
            int length = bytes.Length;
            Array.Resize(ref bytes, length + _tsig.SignatureSize);
            if (!_tsig.TrySignRequest(bytes, length, now, out length))
                return false;
            Array.Resize(ref bytes, length);
        }

        message = bytes;
        return true;
    }

    /// <summary>Whether a message from the target answers it (RFC 1996 §3.6, §4.7), with a good signature when it has one itself.</summary>
    internal bool IsAnsweredBy(ReadOnlySpan<byte> bytes, DateTimeOffset now)
    {
        bool isAnswer = Attempts > 0 && DnsMessage.TryParse(bytes, out DnsMessage? answer) && answer.Id == _id && answer.Opcode == DnsOpcode.Notify
            && answer.Questions is [{ Type: DnsType.SOA } question] && question.Name == zone.Apex;
        return isAnswer && (_tsig is null || _tsig.VerifyResponse(bytes, now).Status == TsigStatus.Valid);
    }

    public void Dispose() => _tsig?.Dispose();
}
