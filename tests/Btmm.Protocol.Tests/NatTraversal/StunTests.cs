using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.NatTraversal.Stun;
using Btmm.Protocol.Tests.Dns;

namespace Btmm.Protocol.Tests.NatTraversal;

public sealed class StunTests
{
    // RFC 5769 §2.1, §2.2, §2.3.
    private static readonly byte[] s_request = Hex.Bytes("""
        000100582112a442b7e7a701bc34d686fa87dfae 802200105354554e207465737420636c69656e74 002400046e0001ff 80290008932ff9b151263b36
        000600096576746a3a68367659202020 000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004e57a3bcf
        """);

    private static readonly byte[] s_response4 = Hex.Bytes("""
        0101003c2112a442b7e7a701bc34d686fa87dfae 8022000b7465737420766563746f7220 002000080001a147e112a643
        000800142b91f599fd9e90c38c7489f92af9ba53f06be7d7 80280004c07d4c96
        """);

    private static readonly byte[] s_response6 = Hex.Bytes("""
        010100482112a442b7e7a701bc34d686fa87dfae 8022000b7465737420766563746f7220 002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9
        00080014a382954e4be67bf11784c97c8292c275bfe3ed41 80280004c8fb0b4c
        """);

    private static ReadOnlySpan<byte> Id => s_request.AsSpan(8, 12);

    [Fact, Trait("rfc", "5769§2.2")]
    public void Response_VectorsOfTheRfc_GiveTheAddresses()
    {
        Assert.True(StunResponse.TryParse(s_response4, Id, out StunResponse? ipv4));
        Assert.Equal(IPEndPoint.Parse("192.0.2.1:32853"), ipv4.MappedAddress);
        Assert.True(StunResponse.TryParse(s_response6, Id, out StunResponse? ipv6));
        Assert.Equal(IPEndPoint.Parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853"), ipv6.MappedAddress);
        Assert.False(StunResponse.TryParse(s_response4, new byte[12], out _));
    }

    [Fact, Trait("rfc", "5780§7.4")]
    public void Response_OfAServerOfRfc3489_GivesItsOtherAddress()
    {
        // As Vovida's stund 0.97 answers, with SOURCE-ADDRESS, CHANGED-ADDRESS and a mask of its own.
        byte[] message = Hex.Bytes("""
            010100442112a442787878787878787878787878 000100080001a252cb00710a 0004000800010d96cb007103 0005000800010d97c6336403
            8020000800018340ea12d548 80220010566f766964612e6f726720302e393700
            """);
        Assert.True(StunResponse.TryParse(message, message.AsSpan(8, 12), out StunResponse? response));
        Assert.Equal(IPEndPoint.Parse("203.0.113.10:41554"), response.MappedAddress);
        Assert.Equal(IPEndPoint.Parse("198.51.100.3:3479"), response.OtherAddress);
    }

    [Fact, Trait("rfc", "5769§2.1")]
    public void Request_VectorOfTheRfc_IsReadAndItsIceAttributeIsNotUnderstood()
    {
        Assert.True(StunRequest.TryParse(s_request, out StunRequest request));
        Assert.True(request.HasFingerprint);
        Assert.Null(request.Change);
        byte[] unknown = new byte[16];
        Assert.Equal(2, request.ListUnknown(unknown, canChange: false));
        Assert.Equal([0x00, 0x24], unknown[..2]);
    }

    [Theory, Trait("rfc", "5780§7.2")]
    [InlineData(StunChange.None, 28)]
    [InlineData(StunChange.Port, 36)]
    [InlineData(StunChange.Address | StunChange.Port, 36)]
    public void Request_Written_IsReadAgain(StunChange change, int length)
    {
        byte[] message = new byte[64];
        Assert.Equal(length, StunResponse.WriteRequest(message, Id, change));
        Assert.True(StunRequest.TryParse(message.AsSpan(0, length), out StunRequest request));
        Assert.Equal(change, request.Change ?? StunChange.None);
        Assert.Equal(change == StunChange.None ? 0 : 2, request.ListUnknown(new byte[16], canChange: false));
        Assert.Equal(0, request.ListUnknown(new byte[16], canChange: true));
        Assert.Equal(0, StunResponse.WriteRequest(new byte[length - 1], Id, change));
    }

    [Theory, Trait("rfc", "8489§14.2")]
    [InlineData("192.0.2.1:32853")]
    [InlineData("[2001:db8::1]:1")]
    [InlineData("0.0.0.0:0")]
    public void Address_Masked_RoundTrips(string text)
    {
        IPEndPoint address = IPEndPoint.Parse(text);
        byte[] message = new byte[128];
        var writer = new StunWriter(message, StunHeader.BindingSuccess, Id);
        Assert.True(writer.TryWriteMapped(address.Address.GetAddressBytes(), (ushort)address.Port));
        Assert.True(writer.TryWriteAddress(StunAttribute.ResponseOrigin, address.Address.GetAddressBytes(), (ushort)address.Port));
        int length = writer.Finish(withFingerprint: false);
        Assert.True(StunResponse.TryParse(message.AsSpan(0, length), Id, out StunResponse? response));
        Assert.Equal((address, address), (response.MappedAddress, response.Origin));
    }

    [Fact, Trait("rfc", "8489§14.8")]
    public void Response_Error_GivesItsNumber()
    {
        byte[] message = new byte[64];
        var writer = new StunWriter(message, StunHeader.BindingError, Id);
        Assert.True(writer.TryWrite(StunAttribute.ErrorCode, [0, 0, 4, 20]));
        int length = writer.Finish(withFingerprint: true);
        Assert.True(StunResponse.TryParse(message.AsSpan(0, length), Id, out StunResponse? response));
        Assert.Equal((420, null), (response.Error, response.MappedAddress));
    }

    [Theory, Trait("rfc", "8489§14.8")]
    [InlineData(3, 0, 300)]
    [InlineData(6, 99, 699)]
    [InlineData(0xFC, 20, 420)]
    [InlineData(2, 99, 0)]
    [InlineData(7, 0, 0)]
    [InlineData(3, 100, 0)]
    [InlineData(2, 255, 0)]
    public void Response_ErrorOutOfItsRange_IsNone(byte errorClass, byte number, int error)
    {
        byte[] message = new byte[64];
        var writer = new StunWriter(message, StunHeader.BindingError, Id);
        Assert.True(writer.TryWrite(StunAttribute.ErrorCode, [0, 0, errorClass, number]));
        int length = writer.Finish(withFingerprint: true);
        Assert.Equal(error != 0, StunResponse.TryParse(message.AsSpan(0, length), Id, out StunResponse? response));
        Assert.Equal(error, response?.Error ?? 0);
    }

    [Fact, Trait("rfc", "8489§14")]
    public void Response_AttributeTwice_TheFirstCounts()
    {
        byte[] message = new byte[128];
        var writer = new StunWriter(message, StunHeader.BindingSuccess, Id);
        for (ushort port = 1; port <= 2; port++)
        {
            Assert.True(writer.TryWriteMapped([192, 0, 2, 1], port));
            Assert.True(writer.TryWriteAddress(StunAttribute.ResponseOrigin, [192, 0, 2, 2], port));
            Assert.True(writer.TryWriteAddress(StunAttribute.OtherAddress, [192, 0, 2, 3], port));
        }

        int length = writer.Finish(withFingerprint: true);
        Assert.True(StunResponse.TryParse(message.AsSpan(0, length), Id, out StunResponse? response));
        Assert.Equal((1, 1, 1), (response.MappedAddress?.Port, response.Origin?.Port, response.OtherAddress?.Port));
    }

    [Theory, Trait("rfc", "8489§9")]
    [InlineData(StunAttribute.MessageIntegrity, 20)]
    [InlineData(StunAttribute.MessageIntegritySha256, 32)]
    public void Response_AttributesBehindTheSignature_AreIgnored(StunAttribute signature, int size)
    {
        byte[] message = new byte[256];
        var writer = new StunWriter(message, StunHeader.BindingSuccess, Id);
        Assert.True(writer.TryWriteMapped([192, 0, 2, 1], 1));
        Assert.True(writer.TryWrite(signature, new byte[size]));
        Assert.True(writer.TryWriteAddress(StunAttribute.OtherAddress, [192, 0, 2, 3], 1));
        Assert.True(writer.TryWrite((StunAttribute)0x7000, [1, 2, 3, 4])); // One that would have to be understood.
        int length = writer.Finish(withFingerprint: true);
        Assert.True(StunResponse.TryParse(message.AsSpan(0, length), Id, out StunResponse? response));
        Assert.Equal((1, null), (response.MappedAddress?.Port, response.OtherAddress));
        message[length - 1] ^= 1;
        Assert.False(StunResponse.TryParse(message.AsSpan(0, length), Id, out _)); // The check sum counts all the same.
    }

    [Fact, Trait("rfc", "8489§5")]
    public void IsStun_WithTheMagicCookie_IsNeverADnsMessage()
    {
        byte[] message = new byte[DnsMessage.MaxSize - 3];
        s_request.AsSpan(0, 20).CopyTo(message);
        message[2] = (byte)((message.Length - 20) >> 8);
        message[3] = (byte)(message.Length - 20);
        Assert.True(StunHeader.IsStun(message));
        Assert.False(DnsMessage.TryParse(message, out _, out DnsParseError error));
        Assert.Equal(DnsParseError.CountTooLarge, error);
    }

    [Fact, Trait("rfc", "8489§14.7")]
    public void Messages_BadInput_AreNotReadAndNeverThrow()
    {
        foreach (byte[] good in new[] { s_request, s_response4, s_response6 })
        {
            foreach (byte[] bad in Mutations.Truncations(good))
                Assert.False(IsRead(bad));
            // A change that makes the check sum part of another attribute leaves a message without one.
            foreach (byte[] bad in Mutations.SingleByteChanges(good))
                Assert.False(IsRead(bad) && StunRequest.TryParse(bad, out StunRequest request) && request.HasFingerprint);
        }

        foreach (byte[] bad in Mutations.Random([s_request, s_response4, s_response6], 100_000, seed: 3))
            IsRead(bad);
    }

    private static bool IsRead(byte[] bytes)
    {
        bool isRequest = StunRequest.TryParse(bytes, out StunRequest request);
        if (isRequest) request.ListUnknown(new byte[16], canChange: false);
        return isRequest || StunResponse.TryParse(bytes, Id, out _);
    }
}
