using System.Net;
using Btmm.Protocol.NatTraversal.NatPmp;
using Btmm.Protocol.NatTraversal.Pcp;

namespace Btmm.Protocol.Tests.NatTraversal;

public sealed class NatPmpCodecTests
{
    private const int MutationSeed = 6886;
    private const string AddressResponse = "0080000066fda1ee01020304";
    private const string MapTcpRequest = "0002000004d204d2000003e8";
    private const string MapTcpResponse = "0082000066fda1ee04d204d2000001f4";

    [Fact]
    [Trait("rfc", "6886§3.2")]
    public void Request_Address_IsTwoZeroBytes() => Assert.Equal("0000", Write(NatPmpRequest.ExternalAddress()));

    [Fact]
    [Trait("rfc", "6886§3.3")]
    public void Request_MapTcp_MatchesVector() =>
        Assert.Equal(MapTcpRequest, Write(NatPmpRequest.Map(NatPmpOpcode.MapTcp, 1234, 1234, 1000)));

    [Fact]
    [Trait("rfc", "6886§3.4")]
    public void Request_Delete_HasNoLifetimeAndNoExternalPort() =>
        Assert.Equal("000100001194000000000000", Write(NatPmpRequest.Delete(NatPmpOpcode.MapUdp, 4500)));

    [Fact]
    public void Request_BufferTooSmall_SaysSo()
    {
        Assert.False(NatPmpRequest.ExternalAddress().TryWrite(new byte[1], out _));
        Assert.False(NatPmpRequest.Map(NatPmpOpcode.MapUdp, 1, 1, 1).TryWrite(new byte[11], out int written));
        Assert.Equal(0, written);
    }

    [Theory]
    [InlineData("0000")]
    [InlineData(MapTcpRequest)]
    [InlineData("000100001194000000000000")]
    public void Request_RoundTrip_IsTheSame(string hex)
    {
        Assert.True(NatPmpRequest.TryParse(Convert.FromHexString(hex), out NatPmpRequest request));
        Assert.Equal(hex, Write(request));
    }

    [Theory]
    [InlineData("")]
    [InlineData("00")]
    [InlineData("0100")]
    [InlineData("0003000004d204d2000003e8")]
    [InlineData("0082000004d204d2000003e8")]
    [InlineData("0002000004d204d2000003")]
    public void Request_NotOne_IsRefused(string hex) => Assert.False(NatPmpRequest.TryParse(Convert.FromHexString(hex), out _));

    [Fact]
    [Trait("rfc", "6886§3.2")]
    public void Response_Address_MatchesVector()
    {
        NatPmpResponse response = Parse(AddressResponse);
        Assert.Equal(NatPmpOpcode.ExternalAddress, response.Opcode);
        Assert.Equal(NatPmpResult.Success, response.Result);
        Assert.Equal(1727898094u, response.EpochSeconds);
        Assert.Equal(IPAddress.Parse("1.2.3.4"), response.ExternalAddress);
        Assert.Equal(AddressResponse, Write(response));
    }

    [Fact]
    [Trait("rfc", "6886§3.3")]
    public void Response_MapTcp_MatchesVector()
    {
        NatPmpResponse response = Parse(MapTcpResponse);
        Assert.Equal(NatPmpOpcode.MapTcp, response.Opcode);
        Assert.Equal(NatPmpResult.Success, response.Result);
        Assert.Equal((ushort)1234, response.InternalPort);
        Assert.Equal((ushort)1234, response.ExternalPort);
        Assert.Equal(500u, response.LifetimeSeconds);
        Assert.Equal(MapTcpResponse, Write(response));
    }

    [Theory]
    [Trait("rfc", "6886§3.5")]
    [InlineData("0080004266fda1ee01020304", 0x42)]
    [InlineData("0082004366fda1ee04d204d2000001f4", 0x43)]
    public void Response_UnknownResult_IsKeptAndGrantsNothing(string hex, int result)
    {
        NatPmpResponse response = Parse(hex);
        Assert.Equal((NatPmpResult)result, response.Result);
        Assert.Null(response.ExternalAddress);
        Assert.Equal(0, response.ExternalPort);
        Assert.Equal(0u, response.LifetimeSeconds);
    }

    [Theory]
    [Trait("rfc", "6886§3.5")]
    [InlineData("0000000100000007", NatPmpOpcode.ExternalAddress, NatPmpResult.UnsupportedVersion)]
    [InlineData("0081000100000000", NatPmpOpcode.MapUdp, NatPmpResult.UnsupportedVersion)]
    [InlineData("0280000100000000", NatPmpOpcode.ExternalAddress, NatPmpResult.UnsupportedVersion)]
    [InlineData("0281ff0100000000", NatPmpOpcode.MapUdp, NatPmpResult.UnsupportedVersion)]
    [InlineData("0080000300000007", NatPmpOpcode.ExternalAddress, NatPmpResult.NetworkFailure)]
    [InlineData("0081000200000007", NatPmpOpcode.MapUdp, NatPmpResult.NotAuthorized)]
    [InlineData("008100020000000711940000", NatPmpOpcode.MapUdp, NatPmpResult.NotAuthorized)]
    [InlineData("0081000511941194000003e8", NatPmpOpcode.MapUdp, NatPmpResult.UnsupportedOpcode)]
    [InlineData("00800005", NatPmpOpcode.ExternalAddress, NatPmpResult.UnsupportedOpcode)]
    public void Response_ShortError_IsRead(string hex, NatPmpOpcode opcode, NatPmpResult result)
    {
        NatPmpResponse response = Parse(hex);
        Assert.Equal(opcode, response.Opcode);
        Assert.Equal(result, response.Result);
    }

    [Fact]
    [Trait("rfc", "6886§3.5")]
    public void Response_EchoedRequest_HasNoEpoch() => Assert.Null(Parse("0081000511941194000003e8").EpochSeconds);

    [Theory]
    [InlineData("")]
    [InlineData("008000")]
    [InlineData("0000000066fda1ee01020304")]
    [InlineData("0080000066fda1ee010203")]
    [InlineData("0082000066fda1ee04d204d2000001")]
    [InlineData("0083000066fda1ee04d204d2000001f4")]
    [InlineData("00ff000066fda1ee04d204d2000001f4")]
    [InlineData("02000001")]
    [InlineData("0280000000000000")]
    [InlineData("028100020000070800000001")]
    [InlineData("00800003000000")]
    public void Response_Malformed_IsRefused(string hex) =>
        Assert.False(NatPmpResponse.TryParse(Convert.FromHexString(hex), out _));

    [Theory]
    [InlineData(AddressResponse)]
    [InlineData(MapTcpResponse)]
    public void Response_EveryTruncation_IsRefused(string hex)
    {
        byte[] message = Convert.FromHexString(hex);
        for (int length = 0; length < message.Length; length++)
            Assert.False(NatPmpResponse.TryParse(message.AsSpan(0, length), out _));
    }

    [Theory]
    [InlineData(AddressResponse)]
    [InlineData(MapTcpResponse)]
    [InlineData("0081000200000007")]
    public void Response_EverySingleByteChange_NeverThrows(string hex)
    {
        byte[] message = Convert.FromHexString(hex);
        for (int position = 0; position < message.Length; position++)
        {
            for (int value = 0; value < 256; value++)
            {
                byte[] changed = [.. message];
                changed[position] = (byte)value;
                if (NatPmpResponse.TryParse(changed, out NatPmpResponse response))
                    Assert.True(response.TryWrite(new byte[NatPmpResponse.MapResponseLength], out _));
                NatPmpRequest.TryParse(changed, out _);
            }
        }
    }

    [Fact]
    public void Parsers_RandomMutations_NeverThrow()
    {
        Random random = new(MutationSeed);
        byte[][] originals = [.. new[] { "0000", MapTcpRequest, AddressResponse, MapTcpResponse }.Select(Convert.FromHexString)];
        for (int round = 0; round < 100_000; round++)
        {
            byte[] message = new byte[random.Next(0, 24)];
            originals[random.Next(originals.Length)].AsSpan(0, Math.Min(message.Length, 2)).CopyTo(message);
            for (int i = 0; i < message.Length; i++) if (random.Next(3) == 0) message[i] = (byte)random.Next(256);
            NatPmpRequest.TryParse(message, out _);
            NatPmpResponse.TryParse(message, out _);
            NatPmpAnnouncement.TryParse(message, out _);
            PcpAnnouncement.TryParse(message, out _);
        }
    }

    [Fact]
    [Trait("rfc", "6886§3.2.1")]
    public void Announcement_AddressResponse_IsOne()
    {
        Assert.True(NatPmpAnnouncement.TryParse(Convert.FromHexString(AddressResponse), out NatPmpAnnouncement announcement));
        Assert.Equal(new NatPmpAnnouncement(1727898094u, IPAddress.Parse("1.2.3.4")), announcement);
        Assert.False(NatPmpAnnouncement.TryParse(Convert.FromHexString(MapTcpResponse), out _));
        Assert.False(NatPmpAnnouncement.TryParse([0, 0], out _));
    }

    [Fact]
    [Trait("rfc", "6887§14.1")]
    public void PcpAnnouncement_FromTheWire_GivesItsEpoch()
    {
        byte[] message = Convert.FromHexString("0280000000000000" + "00000107" + new string('0', 24));
        Assert.True(PcpAnnouncement.TryParse(message, out PcpAnnouncement announcement));
        Assert.Equal(0x107u, announcement.EpochSeconds);
        for (int length = 0; length < message.Length; length++) Assert.False(PcpAnnouncement.TryParse(message.AsSpan(0, length), out _));
        foreach (int position in new[] { 0, 1, 3 })
        {
            byte[] other = [.. message];
            other[position] ^= 1;
            Assert.False(PcpAnnouncement.TryParse(other, out _));
        }
    }

    private static NatPmpResponse Parse(string hex)
    {
        Assert.True(NatPmpResponse.TryParse(Convert.FromHexString(hex), out NatPmpResponse response));
        return response;
    }

    private static string Write(NatPmpRequest request)
    {
        byte[] buffer = new byte[32];
        Assert.True(request.TryWrite(buffer, out int written));
        return Convert.ToHexStringLower(buffer.AsSpan(0, written));
    }

    private static string Write(NatPmpResponse response)
    {
        byte[] buffer = new byte[32];
        Assert.True(response.TryWrite(buffer, out int written));
        return Convert.ToHexStringLower(buffer.AsSpan(0, written));
    }
}
