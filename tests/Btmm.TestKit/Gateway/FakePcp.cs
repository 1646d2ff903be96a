using System.Buffers.Binary;
using System.Net;
using Btmm.Core.NatTraversal;

namespace Btmm.TestKit;

/// <summary>The PCP server of a <see cref="FakeGateway"/> (RFC 6887): MAP for IPv4 and IPv6, ANNOUNCE. Its gateway locks.</summary>
internal sealed class FakePcp(FakeGateway gateway, FakeGatewayTable table)
{
    private const byte Version = 2;
    private const int MaxLength = 1100;
    private const uint LongError = 1800;
    private const uint ShortError = 30;

    private readonly List<FakePcpRequest> _requests = [];
    private readonly HashSet<string> _renewed = [];

    private enum Result
    {
        Success = 0,
        UnsupportedVersion = 1,
        NotAuthorized = 2,
        MalformedRequest = 3,
        UnsupportedOpcode = 4,
        UnsupportedOption = 5,
        NetworkFailure = 7,
        NoResources = 8,
        UnsupportedProtocol = 9,
        UserExceededQuota = 10,
        CannotProvideExternal = 11,
        AddressMismatch = 12,
    }

    internal IReadOnlyList<FakePcpRequest> Requests => _requests;

    /// <summary>Notes the request. Returns the answer; null for none.</summary>
    internal byte[]? Answer(byte[] bytes, IPEndPoint client)
    {
        FakePcpRequest? request = FakePcpRequest.Parse(bytes);
        Note(request, client);
        if (bytes.Length < 2 || bytes[1] >= 0x80) return null;
        if (gateway.Ignores(FakeGatewayProtocols.Pcp)) return null;
        FakeGatewayQuirks quirks = gateway.Quirks;
        if (quirks.PcpUnsupportedVersion is { } version) return Error(bytes, Result.UnsupportedVersion, version: version);
        if (bytes[0] != Version) return Error(bytes, Result.UnsupportedVersion);
        if (request is null || bytes.Length > MaxLength) return Error(bytes, Result.MalformedRequest);
        if (quirks.PcpSeesAnotherClient || !request.ClientAddress.Equals(client.Address)) return Error(bytes, Result.AddressMismatch);
        if (request.Opcode > 1) return Error(bytes, Result.UnsupportedOpcode);
        if (request.Options.Any(code => code < 128 && (code != 2 || quirks.PcpUnsupportedOptions))) return Error(bytes, Result.UnsupportedOption);
        return request.Opcode switch
        {
            0 when quirks.PcpIgnoresAnnounce => null,
            0 when quirks.PcpAnnounceResult != 0 => Error(bytes, (Result)quirks.PcpAnnounceResult),
            0 => Announcement(),
            _ => Map(bytes, request, client.Address),
        };
    }

    /// <summary>What the gateway multicasts when its state is new (§14.1.1).</summary>
    internal byte[] Announcement() => Header([], opcode: 0, Result.Success, lifetime: 0, FakePcpRequest.HeaderLength);

    /// <summary>The answer to a request of another version (§9).</summary>
    internal byte[] UnsupportedVersion(byte[] request) => Error([.. request, 0, 0], Result.UnsupportedVersion);

    private void Note(FakePcpRequest? request, IPEndPoint client)
    {
        (FakeGatewayRequestKind kind, string operation) = request switch
        {
            { Opcode: 0 } => (FakeGatewayRequestKind.Query, "Announce"),
            { Opcode: 1, LifetimeSeconds: 0 } => (FakeGatewayRequestKind.Delete, "Delete"),
            { Opcode: 1 } => (FakeGatewayRequestKind.Map, "Map"),
            _ => (FakeGatewayRequestKind.Malformed, "Malformed"),
        };
        gateway.Note(FakeGatewayProtocols.Pcp, kind, operation, client);
        if (request is not null) _requests.Add(request);
    }

    private byte[] Map(byte[] bytes, FakePcpRequest request, IPAddress client)
    {
        if (request.Protocol is not (6 or 17)) return Error(bytes, Result.UnsupportedProtocol);
        if (request.InternalPort == 0) return Error(bytes, Result.MalformedRequest);
        PortMappingProtocol protocol = request.Protocol == 6 ? PortMappingProtocol.Tcp : PortMappingProtocol.Udp;
        FakeMapping? old = table.ByInternal(protocol, client, request.InternalPort);
        if (old?.Nonce is { } nonce && nonce != request.Nonce)
            return Error(bytes, Result.NotAuthorized, (uint)Math.Min(uint.MaxValue, (old.ExpiresAt - gateway.Now).TotalSeconds));
        if (request.LifetimeSeconds == 0)
        {
            if (old is null && gateway.Quirks.PcpNothingToDeleteResult != 0) return Error(bytes, (Result)gateway.Quirks.PcpNothingToDeleteResult);
            if (old is not null && _renewed.Contains(old.Nonce ?? "")) return Error(bytes, Result.NotAuthorized);
            if (old is not null) table.Remove(old);
            return Granted(bytes, 0, request.SuggestedExternalPort, request.SuggestedExternalAddress);
        }

        if (Refusal(request, protocol, client, old) is { } refusal) return Error(bytes, refusal);
        if (old is not null && gateway.Quirks.PcpForgetsRenewedNonces) _renewed.Add(request.Nonce);
        bool pinhole = client.GetAddressBytes().Length == 16;
        int port = old?.ExternalPort ?? (pinhole ? request.InternalPort : table.FreePort(protocol, request.SuggestedExternalPort));
        FakeMapping mapping = new(protocol, client, request.InternalPort, port, gateway.Now)
        {
            MadeBy = FakeGatewayProtocols.Pcp,
            Nonce = request.Nonce,
        };
        TimeSpan lifetime = table.Grant(mapping, TimeSpan.FromSeconds(request.LifetimeSeconds));
        return Granted(bytes, (uint)lifetime.TotalSeconds, port, pinhole ? client : External());
    }

    private Result? Refusal(FakePcpRequest request, PortMappingProtocol protocol, IPAddress client, FakeMapping? old)
    {
        FakeGatewayQuirks quirks = gateway.Quirks;
        bool pinhole = client.GetAddressBytes().Length == 16;
        if (pinhole && quirks.PcpPinholeResult != 0) return (Result)quirks.PcpPinholeResult;
        if (quirks.PcpMapResult != 0) return (Result)quirks.PcpMapResult;
        if (old is not null && quirks.PcpRenewalResult != 0) return (Result)quirks.PcpRenewalResult;
        if (!request.PrefersFailure || quirks.PcpIgnoresPreferFailure || pinhole || request.SuggestedExternalPort == 0) return null;
        int port = old?.ExternalPort ?? table.FreePort(protocol, request.SuggestedExternalPort);
        bool sameAddress = request.SuggestedExternalAddress.Equals(IPAddress.Any) || request.SuggestedExternalAddress.Equals(External());
        return port == request.SuggestedExternalPort && sameAddress ? null : Result.CannotProvideExternal;
    }

    private IPAddress External() => gateway.Quirks.PcpExternalAddress ?? gateway.ExternalAddress;

    /// <summary>The request again, with the answer's header and what was assigned.</summary>
    private byte[] Granted(byte[] request, uint lifetime, int externalPort, IPAddress externalAddress)
    {
        FakeGatewayQuirks quirks = gateway.Quirks;
        byte[] answer = Header(request, quirks.PcpWrongOpcode ?? request[1], Result.Success, lifetime, request.Length);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(42), (ushort)externalPort);
        externalAddress.MapToIPv6().GetAddressBytes().CopyTo(answer, 44);
        if (quirks.PcpWrongNonce) answer[24] ^= 1;
        if (quirks.PcpWrongProtocol != 0) answer[36] = quirks.PcpWrongProtocol;
        if (quirks.PcpWrongPort != 0) BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(40), (ushort)quirks.PcpWrongPort);
        return answer;
    }

    private byte[] Error(byte[] request, Result result, uint? lifetime = null, byte version = Version)
    {
        bool passing = result is Result.NetworkFailure or Result.NoResources or Result.UserExceededQuota;
        uint seconds = gateway.Quirks.PcpErrorLifetime ?? lifetime ?? (passing ? ShortError : LongError);
        int length = gateway.Quirks.PcpShortErrors
            ? FakePcpRequest.HeaderLength
            : Math.Clamp(request.Length / 4 * 4, FakePcpRequest.HeaderLength, MaxLength);
        byte[] answer = Header(request, request[1], result, seconds, length);
        answer[0] = version;
        return answer;
    }

    private byte[] Header(byte[] request, byte opcode, Result result, uint lifetime, int length)
    {
        byte[] answer = new byte[length];
        request.AsSpan(0, Math.Min(request.Length, length)).CopyTo(answer);
        answer.AsSpan(0, FakePcpRequest.HeaderLength).Clear();
        answer[0] = Version;
        answer[1] = (byte)(0x80 | opcode);
        answer[3] = (byte)result;
        BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(4), lifetime);
        BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(8), gateway.Epoch);
        return answer;
    }
}
