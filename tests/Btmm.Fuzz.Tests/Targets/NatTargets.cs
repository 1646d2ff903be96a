using System.Net;
using Btmm.Protocol.NatTraversal.NatPmp;
using Btmm.Protocol.NatTraversal.Pcp;
using Btmm.Protocol.NatTraversal.Stun;

namespace Btmm.Fuzz.Tests.Targets;

internal static class NatTargets
{
    internal static IEnumerable<FuzzTarget> All =>
    [
        new("nat-pmp", [.. NatPmpSamples()], NatPmp),
        new("stun", [.. StunSamples()], Stun),
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
}
