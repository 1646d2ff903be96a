using System.Net;
using Btmm.Protocol.NatTraversal.NatPmp;
using Btmm.Protocol.NatTraversal.Pcp;
using Btmm.Protocol.NatTraversal.Portal;
using Btmm.Protocol.NatTraversal.Stun;

namespace Btmm.Fuzz.Tests.Targets;

internal static class NatTargets
{
    internal static IEnumerable<FuzzTarget> All =>
    [
        new("nat-pmp", [.. NatPmpSamples()], NatPmp),
        new("pcp", [.. PcpSamples()], Pcp),
        new("stun", [.. StunSamples()], Stun),
        new("portal", [.. PortalSamples()], bytes => PortalAnswer.TryParse(bytes, out _)),
    ];

    private static bool NatPmp(byte[] bytes)
    {
        bool isRequest = NatPmpRequest.TryParse(bytes, out NatPmpRequest request);
        if (isRequest)
            Assert.True(request.TryWrite(new byte[64], out _));
        bool isResponse = NatPmpResponse.TryParse(bytes, out NatPmpResponse response);
        if (isResponse)
            _ = response.ToString();
        return isRequest | isResponse | NatPmpAnnouncement.TryParse(bytes, out _) | PcpAnnouncement.TryParse(bytes, out _);
    }

    // What was read is written and read again, and must be the same; a server can answer whatever it cannot read.
    private static bool Pcp(byte[] bytes)
    {
        byte[] buffer = new byte[PcpConstants.MaxMessageLength];
        bool isRequest = PcpRequest.TryParse(bytes, out PcpRequest request, out PcpResult? error);
        if (isRequest && request.Options.ThirdParty is null)
        {
            Assert.True(request.TryWrite(buffer, out int length));
            Assert.True(PcpRequest.TryParse(buffer.AsSpan(0, length), out PcpRequest again, out _));
            Assert.Equal(request, again);
        }

        if (error is { } answer)
            Assert.True(PcpResponse.TryWriteError(bytes, answer, 1, 1, buffer, out _));
        bool isResponse = PcpResponse.TryParse(bytes, out PcpResponse response);
        if (isResponse && response.Version == PcpConstants.Version && response.Options.ThirdParty is null)
        {
            Assert.True(response.TryWrite(buffer, out int length));
            Assert.True(PcpResponse.TryParse(buffer.AsSpan(0, length), out PcpResponse again));
            Assert.Equal(response, again);
        }

        return isRequest | isResponse | PcpAnnouncement.TryParse(bytes, out _);
    }

    private static bool Stun(byte[] bytes)
    {
        bool isRequest = StunRequest.TryParse(bytes, out StunRequest request);
        if (isRequest)
            request.ListUnknown(new byte[16], canChange: true);
        bool isResponse = bytes.Length >= StunHeader.Size && StunResponse.TryParse(bytes, bytes.AsSpan(8, 12), out _);
        return isRequest || isResponse;
    }

    private static IEnumerable<byte[]> NatPmpSamples()
    {
        byte[] buffer = new byte[64];
        foreach (NatPmpRequest request in new[] { NatPmpRequest.ExternalAddress(), NatPmpRequest.Map(NatPmpOpcode.MapUdp, 4500, 54500, 3600) })
        {
            Assert.True(request.TryWrite(buffer, out int length));
            yield return buffer[..length];
        }

        var response = new NatPmpResponse { Opcode = NatPmpOpcode.ExternalAddress, Result = NatPmpResult.Success, EpochSeconds = 7, ExternalAddress = IPAddress.Parse("192.0.2.1") };
        Assert.True(response.TryWrite(buffer, out int written));
        yield return buffer[..written];
    }

    private static IEnumerable<byte[]> PcpSamples()
    {
        byte[] buffer = new byte[PcpConstants.MaxMessageLength];
        IPAddress client = IPAddress.Parse("192.168.0.6");
        Assert.True(PcpNonce.TryParse("112233445566778899aabbcc", out PcpNonce nonce));
        var map = new PcpMap(nonce, PcpMap.Udp, 4500, 54500, IPAddress.Any);
        var options = new PcpOptions { PreferFailure = true, Filters = [PcpFilter.RemoveAll, new PcpFilter(client, 24, 53)] };
        foreach (PcpRequest request in new[] { PcpRequest.Announce(client), PcpRequest.MapPort(client, map, 3600, options), PcpRequest.Delete(client, nonce, 6, 80) })
        {
            Assert.True(request.TryWrite(buffer, out int length));
            yield return buffer[..length];
        }

        var response = new PcpResponse { Opcode = PcpOpcode.Map, Result = PcpResult.Success, LifetimeSeconds = 3600, EpochSeconds = 7, Map = map, Options = options };
        Assert.True(response.TryWrite(buffer, out int written));
        yield return buffer[..written];
        yield return Convert.FromHexString("0081000100000000");
    }

    private static IEnumerable<byte[]> StunSamples()
    {
        byte[] id = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        byte[] buffer = new byte[128];
        yield return buffer[..StunResponse.WriteRequest(buffer, id, StunChange.Port)];
        yield return Response(id, [192, 0, 2, 1]);
        yield return Response(id, IPAddress.Parse("2001:db8::1").GetAddressBytes());
    }

    private static byte[] Response(byte[] id, byte[] address)
    {
        byte[] buffer = new byte[128];
        var writer = new StunWriter(buffer, StunHeader.BindingSuccess, id);
        Assert.True(writer.TryWriteMapped(address, 4711) && writer.TryWriteAddress(StunAttribute.OtherAddress, address, 1));
        return buffer[..writer.Finish(withFingerprint: false)];
    }

    private static IEnumerable<byte[]> PortalSamples()
    {
        yield return [.. "HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\nContent-Type: text/html\r\n\r\n<html>"u8];
        yield return [.. "HTTP/1.0 511 Network Authentication Required\r\n\r\n<!doctype html>"u8];
    }
}
