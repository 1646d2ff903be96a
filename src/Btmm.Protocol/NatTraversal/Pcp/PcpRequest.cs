using System.Buffers.Binary;
using System.Net;

namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>A PCP request (RFC 6887 §7.1). Immutable.</summary>
public sealed record PcpRequest
{
    private const int ClientAddressOffset = 8;
    private const int ShortestAnswered = 2;

    /// <summary>The operation.</summary>
    public required PcpOpcode Opcode { get; init; }

    /// <summary>
    /// The address from which the request is sent, for the server to compare (§8.1): it shows a NAT in between. IPv4 is plain, not mapped.
    /// </summary>
    public required IPAddress ClientAddress { get; init; }

    /// <summary>The lifetime wanted in seconds; 0 deletes, and is all that ANNOUNCE may say.</summary>
    public uint LifetimeSeconds { get; init; }

    /// <summary>The mapping; null unless the operation is MAP.</summary>
    public PcpMap? Map { get; init; }

    /// <summary>The options.</summary>
    public PcpOptions Options { get; init; } = PcpOptions.None;

    /// <summary>The length of this request in bytes.</summary>
    public int Length => PcpConstants.HeaderLength + (Map is null ? 0 : PcpConstants.MapLength) + Options.WireLength;

    /// <summary>Asks whether there is a server, and for its epoch; changes nothing (§14.1.2).</summary>
    public static PcpRequest Announce(IPAddress clientAddress) => new() { Opcode = PcpOpcode.Announce, ClientAddress = clientAddress };

    /// <summary>Asks for a mapping, or for its renewal.</summary>
    /// <param name="clientAddress">The address from which the request is sent.</param>
    /// <param name="map">The mapping.</param>
    /// <param name="lifetimeSeconds">The lifetime wanted.</param>
    /// <param name="options">The options, if any.</param>
    public static PcpRequest MapPort(IPAddress clientAddress, PcpMap map, uint lifetimeSeconds, PcpOptions? options = null) => new()
    {
        Opcode = PcpOpcode.Map,
        ClientAddress = clientAddress,
        Map = map,
        LifetimeSeconds = lifetimeSeconds,
        Options = options ?? PcpOptions.None,
    };

    /// <summary>Asks for the end of a mapping: lifetime, suggested port and address are 0 (§15.1). The nonce must be the mapping's.</summary>
    /// <param name="clientAddress">The address from which the request is sent.</param>
    /// <param name="nonce">The mapping's nonce.</param>
    /// <param name="protocol">The mapping's transport protocol.</param>
    /// <param name="internalPort">The mapping's port on this host.</param>
    public static PcpRequest Delete(IPAddress clientAddress, PcpNonce nonce, byte protocol, ushort internalPort) => MapPort(
        clientAddress, new PcpMap(nonce, protocol, internalPort, 0, PcpAddress.AnyLike(clientAddress)), lifetimeSeconds: 0);

    // 0 version | 1 opcode | 2 reserved (2) | 4 lifetime (4) | 8 client address (16) | 24 mapping, options

    /// <summary>
    /// Writes the request; false when <paramref name="destination"/> is too small, or when it cannot be sent: for a third party, longer than
    /// <see cref="PcpConstants.MaxMessageLength"/>, with a filter that makes no sense.
    /// </summary>
    public bool TryWrite(Span<byte> destination, out int written)
    {
        written = 0;
        int length = Length;
        if (destination.Length < length || length > PcpConstants.MaxMessageLength) return false;
        if (Map.HasValue != (Opcode == PcpOpcode.Map)) return false;
        destination[0] = PcpConstants.Version;
        destination[1] = (byte)Opcode;
        destination[2..4].Clear();
        BinaryPrimitives.WriteUInt32BigEndian(destination[4..], LifetimeSeconds);
        PcpAddress.Write(ClientAddress, destination[ClientAddressOffset..]);
        Span<byte> rest = destination[PcpConstants.HeaderLength..];
        if (Map is { } map)
        {
            if (!map.TryWrite(rest)) return false;
            rest = rest[PcpConstants.MapLength..];
        }

        if (!Options.TryWrite(rest)) return false;
        written = length;
        return true;
    }

    /// <summary>Reads a request as a server does (§8.2).</summary>
    /// <param name="message">The datagram.</param>
    /// <param name="request">The request.</param>
    /// <param name="error">
    /// When it cannot be read: what the server answers (<see cref="PcpResponse.TryWriteError"/>); null for nothing at all.
    /// </param>
    public static bool TryParse(ReadOnlySpan<byte> message, out PcpRequest request, out PcpResult? error)
    {
        request = s_none;
        error = null;
        if (message.Length < ShortestAnswered || (message[1] & PcpConstants.ResponseBit) != 0) return false;
        if (message[0] != PcpConstants.Version) error = PcpResult.UnsupportedVersion;
        else if (message.Length >= PcpConstants.HeaderLength) error = Parse(message, out request);
        else return false;
        if (error == PcpResult.Success) error = null;
        return error is null;
    }

    private static readonly PcpRequest s_none = Announce(IPAddress.IPv6Any);

    private static PcpResult Parse(ReadOnlySpan<byte> message, out PcpRequest request)
    {
        request = new PcpRequest
        {
            Opcode = (PcpOpcode)message[1],
            LifetimeSeconds = BinaryPrimitives.ReadUInt32BigEndian(message[4..]),
            ClientAddress = PcpAddress.Read(message[ClientAddressOffset..]),
        };
        if (message.Length > PcpConstants.MaxMessageLength || message.Length % PcpConstants.Alignment != 0) return PcpResult.MalformedRequest;
        ReadOnlySpan<byte> rest = message[PcpConstants.HeaderLength..];
        switch (request.Opcode)
        {
            case PcpOpcode.Announce:
                break;
            case PcpOpcode.Map when PcpMap.TryRead(rest, out PcpMap map):
                request = request with { Map = map };
                rest = rest[PcpConstants.MapLength..];
                break;
            case PcpOpcode.Map:
                return PcpResult.MalformedRequest;
            default:
                return PcpResult.UnsupportedOpcode;
        }

        PcpResult verdict = PcpOptions.Read(rest, out PcpOptions options);
        request = request with { Options = options };
        return verdict == PcpResult.Success ? Judge(request) : verdict;
    }

    /// <summary>What is well formed and still makes no sense (§11.1, §11.3, §13.2, §13.3).</summary>
    private static PcpResult Judge(PcpRequest request)
    {
        if (request.Map is not { } map) return request.Options.IsEmpty ? PcpResult.Success : PcpResult.MalformedOption;
        if (map.Protocol == 0 && map.InternalPort != 0) return PcpResult.MalformedRequest;
        bool deletes = request.LifetimeSeconds == 0;
        if (request.Options.PreferFailure && (deletes || map.ExternalPort == 0)) return PcpResult.MalformedOption;
        return deletes && request.Options.Filters.Count > 0 ? PcpResult.MalformedOption : PcpResult.Success;
    }
}
