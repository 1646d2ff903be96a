using System.Net;
using Btmm.Protocol.NatTraversal.Pcp;
using Btmm.Protocol.Tests.Dns;

namespace Btmm.Protocol.Tests.NatTraversal;

public sealed class PcpCodecTests
{
    private const int MutationSeed = 6887;
    private const string Nonce = "112233445566778899aabbcc";
    private const string ThirdParty = "01000010" + "00000000000000000000ffffc0a80007";
    private const string MapRequest =
        "02010000000003e800000000000000000000ffffc0a80006" + Nonce + "0600000004d204d200000000000000000000ffff00000000";

    private const string MapResponse =
        "02810000000001f400000000000000000000000000000000" + Nonce + "0600000004d204d200000000000000000000ffff01020304";

    private const string NoResources =
        "028100080000000000000000000000000000000000000000" + Nonce + "0600000004d2000000000000000000000000000000000000";

    private const string Ipv6Request =
        "02010000000003e82a10123456789abcdef0123456789abc" + Nonce + "0600000004d204d22a10123456789abcdef0123456789abc";

    private static readonly IPAddress s_client = IPAddress.Parse("192.168.0.6");
    private static readonly PcpMap s_map = new(ParseNonce(Nonce), PcpMap.Tcp, 1234, 1234, IPAddress.Any);

    [Fact]
    [Trait("rfc", "6887§11.1")]
    public void Request_MapIPv4_MatchesVector() => Assert.Equal(MapRequest, Write(PcpRequest.MapPort(s_client, s_map, 1000)));

    [Fact]
    [Trait("rfc", "6887§5")]
    public void Request_MapIPv6_MatchesVector()
    {
        IPAddress own = IPAddress.Parse("2a10:1234:5678:9abc:def0:1234:5678:9abc");
        Assert.Equal(Ipv6Request, Write(PcpRequest.MapPort(own, s_map with { ExternalAddress = own }, 1000)));
    }

    [Fact]
    [Trait("rfc", "6887§14.1.1")]
    public void Request_Announce_IsTheHeaderAlone() =>
        Assert.Equal("020000000000000000000000000000000000ffffc0a80006", Write(PcpRequest.Announce(s_client)));

    [Fact]
    [Trait("rfc", "6887§15.1")]
    public void Request_Delete_HasNoLifetimePortOrAddress()
    {
        PcpRequest request = PcpRequest.Delete(s_client, s_map.Nonce, PcpMap.Udp, 4500);
        Assert.Equal(
            "020100000000000000000000000000000000ffffc0a80006" + Nonce + "110000001194000000000000000000000000ffff00000000", Write(request));
        IPAddress own = IPAddress.Parse("2001:db8::6");
        Assert.Equal(IPAddress.IPv6Any, PcpRequest.Delete(own, s_map.Nonce, PcpMap.Udp, 4500).Map?.ExternalAddress);
    }

    [Fact]
    [Trait("rfc", "6887§13.2")]
    public void Request_PreferFailure_IsFourMoreBytes() => Assert.Equal(
        MapRequest + "02000000", Write(PcpRequest.MapPort(s_client, s_map, 1000, new PcpOptions { PreferFailure = true })));

    [Fact]
    [Trait("rfc", "6887§13.3")]
    public void Request_Filters_AreWrittenInOrder()
    {
        PcpOptions options = new()
        {
            Filters = [PcpFilter.RemoveAll, new PcpFilter(IPAddress.Parse("198.51.100.0"), 24, 0), new PcpFilter(IPAddress.Parse("2001:db8::"), 32, 53)],
        };
        string hex = Write(PcpRequest.MapPort(s_client, s_map, 1000, options));
        Assert.Equal(
            MapRequest
            + "03000014" + "00000000" + "00000000000000000000000000000000"
            + "03000014" + "00780000" + "00000000000000000000ffffc6336400"
            + "03000014" + "00200035" + "20010db8000000000000000000000000",
            hex);
        Assert.Equal(options, Parse(hex).Options);
    }

    [Fact]
    [Trait("rfc", "6887§13.1")]
    public void Request_ForAThirdParty_IsReadButNeverWritten()
    {
        PcpRequest request = Parse(MapRequest + ThirdParty);
        Assert.Equal(IPAddress.Parse("192.168.0.7"), request.Options.ThirdParty);
        Assert.False(request.TryWrite(new byte[PcpConstants.MaxMessageLength], out _));
    }

    [Theory]
    [InlineData(MapRequest)]
    [InlineData(Ipv6Request)]
    [InlineData(MapRequest + "02000000")]
    [InlineData("020000000000000000000000000000000000ffffc0a80006")]
    public void Request_RoundTrip_IsTheSame(string hex) => Assert.Equal(hex, Write(Parse(hex)));

    [Theory]
    [Trait("rfc", "6887§8.2")]
    [InlineData("02", null)]
    [InlineData("0281" + "0000", null)]
    [InlineData("0201000000000000", null)]
    [InlineData("0001", PcpResult.UnsupportedVersion)]
    [InlineData("0301000000000000", PcpResult.UnsupportedVersion)]
    [InlineData("020100000000000000000000000000000000ffffc0a80006", PcpResult.MalformedRequest)]
    [InlineData("020000000000000000000000000000000000ffffc0a8000600", PcpResult.MalformedRequest)]
    [InlineData("020200000000000000000000000000000000ffffc0a80006", PcpResult.UnsupportedOpcode)]
    [InlineData("020000000000000000000000000000000000ffffc0a8000602000000", PcpResult.MalformedOption)]
    [InlineData(MapRequest + "7f000000", PcpResult.UnsupportedOption)]
    [InlineData(MapRequest + "0200000100000000", PcpResult.MalformedOption)]
    [InlineData(MapRequest + "0200000002000000", PcpResult.MalformedOption)]
    [InlineData(MapRequest + "0200ffff", PcpResult.MalformedOption)]
    [InlineData(MapRequest + ThirdParty + ThirdParty, PcpResult.MalformedOption)]
    [InlineData(MapRequest + "0300001400510000" + "00000000000000000000ffffc6336400", PcpResult.MalformedOption)]
    [InlineData(MapRequest + "0300001400810000" + "20010db8000000000000000000000000", PcpResult.MalformedOption)]
    public void Request_NotGood_GivesTheServersAnswer(string hex, PcpResult? answer)
    {
        Assert.False(PcpRequest.TryParse(Convert.FromHexString(hex), out _, out PcpResult? error));
        Assert.Equal(answer, error);
    }

    [Fact]
    [Trait("rfc", "6887§11.1")]
    public void Request_WithoutSense_GivesTheServersAnswer()
    {
        PcpOptions prefer = new() { PreferFailure = true };
        Assert.Equal(PcpResult.MalformedRequest, Judge(PcpRequest.MapPort(s_client, s_map with { Protocol = 0 }, 1)));
        Assert.Null(Judge(PcpRequest.MapPort(s_client, s_map with { Protocol = 0, InternalPort = 0 }, 1)));
        Assert.Equal(PcpResult.MalformedOption, Judge(PcpRequest.MapPort(s_client, s_map with { ExternalPort = 0 }, 1, prefer)));
        Assert.Equal(PcpResult.MalformedOption, Judge(PcpRequest.MapPort(s_client, s_map, 0, prefer)));
        Assert.Equal(PcpResult.MalformedOption, Judge(PcpRequest.MapPort(s_client, s_map, 0, new PcpOptions { Filters = [PcpFilter.RemoveAll] })));
    }

    [Fact]
    [Trait("rfc", "6887§7.3")]
    public void Request_OptionalOptions_AreSkipped()
    {
        PcpRequest request = Parse(MapRequest + "80000005" + "0102030405000000" + "02000000");
        Assert.True(request.Options.PreferFailure);
        Assert.Equal(Write(Parse(MapRequest + "02000000")), Write(request));
    }

    [Fact]
    public void Request_NoRoomOrTooLong_IsNotWritten()
    {
        PcpRequest request = PcpRequest.MapPort(s_client, s_map, 1000);
        Assert.False(request.TryWrite(new byte[59], out int written));
        Assert.Equal(0, written);
        PcpOptions many = new() { Filters = [.. Enumerable.Repeat(PcpFilter.RemoveAll, 44)] };
        Assert.False(PcpRequest.MapPort(s_client, s_map, 1000, many).TryWrite(new byte[2000], out _));
        PcpOptions senseless = new() { Filters = [new PcpFilter(IPAddress.Any, 33, 0)] };
        Assert.False(PcpRequest.MapPort(s_client, s_map, 1000, senseless).TryWrite(new byte[2000], out _));
    }

    [Fact]
    [Trait("rfc", "6887§11.1")]
    public void Response_Map_MatchesVector()
    {
        PcpResponse response = ParseResponse(MapResponse);
        Assert.Equal(PcpResult.Success, response.Result);
        Assert.Equal(500u, response.LifetimeSeconds);
        Assert.Equal(0u, response.EpochSeconds);
        Assert.Equal(s_map with { ExternalAddress = IPAddress.Parse("1.2.3.4") }, response.Map);
        Assert.Equal(MapResponse, Write(response));
    }

    [Fact]
    public void Response_NoResources_MatchesVector()
    {
        PcpResponse response = ParseResponse(NoResources);
        Assert.Equal(PcpResult.NoResources, response.Result);
        Assert.Equal(s_map.Nonce, response.Map?.Nonce);
        Assert.Equal(NoResources, Write(response));
    }

    [Theory]
    [Trait("rfc", "6887§A")]
    [InlineData("0081000100000000")]
    [InlineData("0000000100000000")]
    [InlineData("0080000066fda1ee01020304")]
    [InlineData("0081000500000000")]
    public void Response_OfNatPmp_TellsSo(string hex)
    {
        PcpResponse response = ParseResponse(hex);
        Assert.Equal(PcpConstants.NatPmpVersion, response.Version);
        Assert.Equal(PcpResult.UnsupportedVersion, response.Result);
    }

    [Theory]
    [Trait("rfc", "6887§9")]
    [InlineData("03810001", 3, 0)]
    [InlineData("0181000100000000", 1, 0)]
    [InlineData("018100010000003c", 1, 60)]
    public void Response_OfAnotherVersion_TellsWhichAndForHowLong(string hex, byte version, uint lifetime)
    {
        PcpResponse response = ParseResponse(hex);
        Assert.Equal(version, response.Version);
        Assert.Equal(PcpResult.UnsupportedVersion, response.Result);
        Assert.Equal(lifetime, response.LifetimeSeconds);
        Assert.Null(response.EpochSeconds);
    }

    [Theory]
    [Trait("rfc", "6887§8.3")]
    [InlineData("")]
    [InlineData("028100")]
    [InlineData("03810000")]
    [InlineData("03010001")]
    [InlineData("0001000000000000")]
    [InlineData(MapRequest)]
    [InlineData(MapResponse + "00")]
    [InlineData("02810000000001f400000000000000000000000000000000")]
    [InlineData("028200000000000000000000000000000000000000000000")]
    public void Response_NotOne_IsRefused(string hex) => Assert.False(PcpResponse.TryParse(Convert.FromHexString(hex), out _));

    [Fact]
    [Trait("rfc", "6887§8.3")]
    public void Response_TooLong_IsRefused()
    {
        byte[] message = new byte[PcpConstants.MaxMessageLength + PcpConstants.Alignment];
        Convert.FromHexString(MapResponse).CopyTo(message, 0);
        Assert.True(PcpResponse.TryParse(message.AsSpan(0, PcpConstants.MaxMessageLength), out _));
        Assert.False(PcpResponse.TryParse(message, out _));
    }

    [Fact]
    [Trait("rfc", "6887§7.3")]
    public void Response_StrangeOptions_AreIgnored()
    {
        Assert.Equal(PcpOptions.None, ParseResponse(MapResponse + "7f0000040badbeef").Options);
        Assert.Equal(PcpOptions.None, ParseResponse(MapResponse + "0200fff0").Options);
        Assert.True(ParseResponse(MapResponse + "02000000").Options.PreferFailure);
    }

    [Fact]
    public void Response_ErrorOfTheHeaderAlone_IsOne()
    {
        PcpResponse response = ParseResponse("028100020000003c0000000700000000" + "0000000000000000");
        Assert.Equal(PcpResult.NotAuthorized, response.Result);
        Assert.Equal((60u, 7u), (response.LifetimeSeconds, response.EpochSeconds));
        Assert.Null(response.Map);
    }

    [Fact]
    [Trait("rfc", "6887§8.2")]
    public void Error_IsTheWholeRequestWithAnotherHeader()
    {
        byte[] buffer = new byte[PcpConstants.MaxMessageLength];
        byte[] request = Convert.FromHexString(MapRequest + "02000000");
        Assert.True(PcpResponse.TryWriteError(request, PcpResult.CannotProvideExternal, 77, 5, buffer, out int written));
        PcpResponse response = ParseResponse(Convert.ToHexString(buffer.AsSpan(0, written)));
        Assert.Equal(request.Length, written);
        Assert.Equal(PcpResult.CannotProvideExternal, response.Result);
        Assert.Equal((77u, 5u), (response.LifetimeSeconds, response.EpochSeconds));
        Assert.Equal(s_map, response.Map);
        Assert.True(response.Options.PreferFailure);
        Assert.True(PcpResponse.TryWriteError([0, 1], PcpResult.UnsupportedVersion, 0, 5, buffer, out written));
        Assert.Equal(PcpConstants.HeaderLength, written);
        Assert.False(PcpResponse.TryWriteError([0], PcpResult.UnsupportedVersion, 0, 5, buffer, out _));
        Assert.False(PcpResponse.TryWriteError(request, PcpResult.NoResources, 0, 5, buffer.AsSpan(0, 63), out _));
    }

    [Fact]
    public void Parsers_Truncated_NeverThrowAndNeverReadWhatIsNotThere()
    {
        foreach (string hex in new[] { MapRequest, MapResponse, NoResources, Ipv6Request, MapRequest + "02000000" })
        {
            foreach (byte[] cut in Mutations.Truncations(Convert.FromHexString(hex)))
            {
                if (PcpRequest.TryParse(cut, out PcpRequest request, out _)) Assert.Equal(cut.Length, request.Length);
                if (PcpResponse.TryParse(cut, out PcpResponse response)) Assert.Null(response.Map);
            }
        }
    }

    [Fact]
    public void Parsers_ChangedInput_NeverThrow()
    {
        byte[][] good = [.. new[] { MapRequest, MapResponse + "02000000", Ipv6Request, NoResources }.Select(Convert.FromHexString)];
        IEnumerable<byte[]> bad = good.SelectMany(Mutations.SingleByteChanges).Concat(Mutations.Random(good, 20_000, MutationSeed));
        byte[] buffer = new byte[PcpConstants.MaxMessageLength];
        foreach (byte[] message in bad)
        {
            if (PcpRequest.TryParse(message, out PcpRequest request, out _) && request.Options.ThirdParty is null)
                Assert.True(request.TryWrite(buffer, out _), Convert.ToHexString(message));
            if (PcpResponse.TryParse(message, out PcpResponse response)) _ = response.ToString();
            PcpAnnouncement.TryParse(message, out _);
        }
    }

    [Theory]
    [Trait("rfc", "6887§7.4")]
    [InlineData(PcpResult.Success, PcpErrorClass.None, 0)]
    [InlineData(PcpResult.UnsupportedVersion, PcpErrorClass.Long, 1800)]
    [InlineData(PcpResult.NotAuthorized, PcpErrorClass.Long, 1800)]
    [InlineData(PcpResult.MalformedRequest, PcpErrorClass.Long, 1800)]
    [InlineData(PcpResult.UnsupportedOpcode, PcpErrorClass.Long, 1800)]
    [InlineData(PcpResult.UnsupportedOption, PcpErrorClass.Long, 1800)]
    [InlineData(PcpResult.MalformedOption, PcpErrorClass.Long, 1800)]
    [InlineData(PcpResult.NetworkFailure, PcpErrorClass.Short, 30)]
    [InlineData(PcpResult.NoResources, PcpErrorClass.Short, 30)]
    [InlineData(PcpResult.UnsupportedProtocol, PcpErrorClass.Long, 1800)]
    [InlineData(PcpResult.UserExceededQuota, PcpErrorClass.Short, 30)]
    [InlineData(PcpResult.CannotProvideExternal, PcpErrorClass.AsAnswered, 30)]
    [InlineData(PcpResult.AddressMismatch, PcpErrorClass.Long, 1800)]
    [InlineData(PcpResult.ExcessiveRemotePeers, PcpErrorClass.Long, 1800)]
    [InlineData((PcpResult)77, PcpErrorClass.Long, 1800)]
    public void Result_HasItsClassMeaningAndWait(PcpResult result, PcpErrorClass errorClass, int seconds)
    {
        Assert.Equal(errorClass, PcpResults.ClassOf(result));
        Assert.NotEmpty(PcpResults.MeaningOf(result));
        Assert.Equal(TimeSpan.FromSeconds(seconds), PcpResults.RetryAfter(result, 0));
        Assert.Equal(TimeSpan.FromSeconds(result == PcpResult.Success ? 0 : 7), PcpResults.RetryAfter(result, 7));
        Assert.Equal(TimeSpan.FromSeconds(result == PcpResult.Success ? 0 : 1800), PcpResults.RetryAfter(result, uint.MaxValue));
    }

    private static PcpNonce ParseNonce(string hex)
    {
        Assert.True(PcpNonce.TryParse(hex, out PcpNonce nonce));
        return nonce;
    }

    private static PcpResult? Judge(PcpRequest request)
    {
        PcpRequest.TryParse(Convert.FromHexString(Write(request)), out _, out PcpResult? error);
        return error;
    }

    private static PcpRequest Parse(string hex)
    {
        Assert.True(PcpRequest.TryParse(Convert.FromHexString(hex), out PcpRequest request, out PcpResult? error), $"{error}");
        return request;
    }

    private static PcpResponse ParseResponse(string hex)
    {
        Assert.True(PcpResponse.TryParse(Convert.FromHexString(hex), out PcpResponse response));
        return response;
    }

    private static string Write(PcpRequest request)
    {
        byte[] buffer = new byte[PcpConstants.MaxMessageLength];
        Assert.True(request.TryWrite(buffer, out int written));
        return Convert.ToHexStringLower(buffer.AsSpan(0, written));
    }

    private static string Write(PcpResponse response)
    {
        byte[] buffer = new byte[PcpConstants.MaxMessageLength];
        Assert.True(response.TryWrite(buffer, out int written));
        return Convert.ToHexStringLower(buffer.AsSpan(0, written));
    }
}
