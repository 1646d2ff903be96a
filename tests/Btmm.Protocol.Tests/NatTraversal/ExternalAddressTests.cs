using System.Net;
using Btmm.Protocol.NatTraversal;

namespace Btmm.Protocol.Tests.NatTraversal;

public sealed class ExternalAddressTests
{
    [Theory]
    [InlineData("1.2.3.4", ExternalAddressKind.Public)]
    [InlineData("203.0.113.10", ExternalAddressKind.Public)]
    [InlineData("198.51.100.20", ExternalAddressKind.Public)]
    [InlineData("192.0.2.1", ExternalAddressKind.Public)]
    [InlineData("::ffff:1.2.3.4", ExternalAddressKind.Public)]
    [InlineData("0.0.0.0", ExternalAddressKind.Unspecified)]
    [InlineData("0.1.2.3", ExternalAddressKind.Unspecified)]
    [InlineData("9.255.255.255", ExternalAddressKind.Public)]
    [InlineData("10.0.0.0", ExternalAddressKind.Private)]
    [InlineData("10.255.255.255", ExternalAddressKind.Private)]
    [InlineData("11.0.0.0", ExternalAddressKind.Public)]
    [InlineData("172.15.255.255", ExternalAddressKind.Public)]
    [InlineData("172.16.0.0", ExternalAddressKind.Private)]
    [InlineData("172.31.255.255", ExternalAddressKind.Private)]
    [InlineData("172.32.0.0", ExternalAddressKind.Public)]
    [InlineData("192.168.1.60", ExternalAddressKind.Private)]
    [InlineData("::ffff:192.168.1.60", ExternalAddressKind.Private)]
    [InlineData("192.167.255.255", ExternalAddressKind.Public)]
    [InlineData("192.169.0.0", ExternalAddressKind.Public)]
    [InlineData("100.63.255.255", ExternalAddressKind.Public)]
    [InlineData("100.64.0.0", ExternalAddressKind.CarrierShared)]
    [InlineData("100.127.255.255", ExternalAddressKind.CarrierShared)]
    [InlineData("100.128.0.0", ExternalAddressKind.Public)]
    [InlineData("169.254.7.7", ExternalAddressKind.LinkLocal)]
    [InlineData("127.0.0.1", ExternalAddressKind.Loopback)]
    [InlineData("192.0.0.2", ExternalAddressKind.TransitionShared)]
    [InlineData("192.0.1.1", ExternalAddressKind.Public)]
    [InlineData("198.18.0.1", ExternalAddressKind.Reserved)]
    [InlineData("198.20.0.1", ExternalAddressKind.Public)]
    [InlineData("224.0.0.1", ExternalAddressKind.Reserved)]
    [InlineData("255.255.255.255", ExternalAddressKind.Reserved)]
    [InlineData("2001:db8::1", ExternalAddressKind.Reserved)]
    public void Classify_Address_GivesItsKind(string address, ExternalAddressKind kind)
    {
        Assert.Equal(kind, ExternalAddress.Classify(IPAddress.Parse(address)));
        Assert.Equal(kind == ExternalAddressKind.Public, ExternalAddress.IsPublic(IPAddress.Parse(address)));
        Assert.Equal(kind != ExternalAddressKind.Public, ExternalAddress.IsBehindAnotherNat(kind));
    }
}
