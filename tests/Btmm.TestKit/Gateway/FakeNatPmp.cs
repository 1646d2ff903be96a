using System.Buffers.Binary;
using System.Net;
using Btmm.Core.NatTraversal;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.TestKit;

/// <summary>The NAT-PMP server of a <see cref="FakeGateway"/> (RFC 6886). Its gateway locks.</summary>
internal sealed class FakeNatPmp(FakeGateway gateway, FakeGatewayTable table)
{
    private const int ShortErrorLength = 8;

    private readonly List<NatPmpRequest> _requests = [];

    internal IReadOnlyList<NatPmpRequest> Requests => _requests;

    /// <summary>Notes the request. Returns the answer; null for none.</summary>
    internal byte[]? Answer(byte[] bytes, IPEndPoint client)
    {
        if (!NatPmpRequest.TryParse(bytes, out NatPmpRequest request))
        {
            gateway.Note(FakeGatewayProtocols.NatPmp, FakeGatewayRequestKind.Malformed, "Malformed", client);
            return null;
        }

        Note(request, client);
        if (gateway.Ignores(FakeGatewayProtocols.NatPmp)) return null;
        NatPmpResponse response = request.Opcode == NatPmpOpcode.ExternalAddress ? Address() : Map(request, client.Address);
        byte[] message = Write(response);
        return gateway.Quirks.ShortErrors && response.Result != NatPmpResult.Success ? message[..ShortErrorLength] : message;
    }

    /// <summary>What the gateway multicasts when something changed (§3.2.1).</summary>
    internal byte[] Announcement() => Write(Address());

    /// <summary>The answer to a request of another version: real gateways keep the opcode (RFC 6886 §3.5 says 0).</summary>
    internal byte[] UnsupportedVersion(byte[] request)
    {
        byte[] answer = new byte[ShortErrorLength];
        answer[1] = (byte)(0x80 | (request.Length > 1 ? request[1] : 0));
        answer[3] = (byte)NatPmpResult.UnsupportedVersion;
        BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(4), gateway.Epoch);
        return answer;
    }

    private void Note(NatPmpRequest request, IPEndPoint client)
    {
        (FakeGatewayRequestKind kind, string operation) = request switch
        {
            { Opcode: NatPmpOpcode.ExternalAddress } => (FakeGatewayRequestKind.Query, "Address"),
            { LifetimeSeconds: 0 } => (FakeGatewayRequestKind.Delete, "Delete"),
            _ => (FakeGatewayRequestKind.Map, "Map"),
        };
        gateway.Note(FakeGatewayProtocols.NatPmp, kind, operation, client);
        _requests.Add(request);
    }

    private NatPmpResponse Address() => new()
    {
        Opcode = NatPmpOpcode.ExternalAddress,
        Result = gateway.Quirks.AddressResult,
        EpochSeconds = gateway.Epoch,
        ExternalAddress = gateway.Quirks.AddressResult == NatPmpResult.Success
            ? gateway.Quirks.NatPmpExternalAddress ?? gateway.ExternalAddress
            : null,
    };

    private NatPmpResponse Map(NatPmpRequest request, IPAddress client)
    {
        NatPmpResponse answer = new()
        {
            Opcode = request.Opcode,
            Result = gateway.Quirks.MapResult,
            EpochSeconds = gateway.Epoch,
            InternalPort = request.InternalPort,
        };
        if (answer.Result != NatPmpResult.Success) return answer;
        PortMappingProtocol protocol = request.Opcode == NatPmpOpcode.MapTcp ? PortMappingProtocol.Tcp : PortMappingProtocol.Udp;
        FakeMapping? old = table.ByInternal(protocol, client, request.InternalPort);
        if (request.LifetimeSeconds == 0)
        {
            if (old is not null) table.Remove(old);
            return answer;
        }

        int port = old?.ExternalPort ?? table.FreePort(protocol, request.SuggestedExternalPort);
        FakeMapping mapping = new(protocol, client, request.InternalPort, port, gateway.Now) { MadeBy = FakeGatewayProtocols.NatPmp };
        TimeSpan lifetime = table.Grant(mapping, TimeSpan.FromSeconds(request.LifetimeSeconds));
        return answer with { ExternalPort = (ushort)port, LifetimeSeconds = (uint)lifetime.TotalSeconds };
    }

    private static byte[] Write(NatPmpResponse response)
    {
        byte[] buffer = new byte[NatPmpResponse.MapResponseLength];
        return response.TryWrite(buffer, out int written) ? buffer[..written] : [];
    }
}
