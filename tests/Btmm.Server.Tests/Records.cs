using System.Net;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Server.Tests;

/// <summary>Short forms of the records and of the UPDATE entries of RFC 2136 §2.4 and §2.5.</summary>
internal static class Records
{
    internal static DnsRecord A(DnsName name, string address, uint ttl = 120) => new(name, ttl, new AData(IPAddress.Parse(address)));

    internal static DnsRecord Aaaa(DnsName name, string address, uint ttl = 120) => new(name, ttl, new AaaaData(IPAddress.Parse(address)));

    internal static DnsRecord Ptr(DnsName name, DnsName target, uint ttl = 120) => new(name, ttl, new PtrData(target));

    internal static DnsRecord Srv(DnsName name, ushort port, DnsName target, uint ttl = 120) => new(name, ttl, new SrvData(0, 0, port, target));

    internal static DnsRecord Txt(DnsName name, string text, uint ttl = 120) => new(name, ttl, new TxtData(text));

    internal static DnsRecord Cname(DnsName name, DnsName target, uint ttl = 120) => new(name, ttl, new CnameData(target));

    internal static DnsRecord Ns(DnsName name, DnsName server, uint ttl = 120) => new(name, ttl, new NsData(server));

    internal static DnsRecord NameInUse(DnsName name) => Empty(name, DnsType.ANY, DnsClass.ANY);

    internal static DnsRecord NameNotInUse(DnsName name) => Empty(name, DnsType.ANY, DnsClass.NONE);

    internal static DnsRecord SetExists(DnsName name, DnsType type) => Empty(name, type, DnsClass.ANY);

    internal static DnsRecord SetDoesNotExist(DnsName name, DnsType type) => Empty(name, type, DnsClass.NONE);

    internal static DnsRecord SetIs(DnsRecord record) => record with { Ttl = 0 };

    internal static DnsRecord DeleteSet(DnsName name, DnsType type) => Empty(name, type, DnsClass.ANY);

    internal static DnsRecord DeleteName(DnsName name) => Empty(name, DnsType.ANY, DnsClass.ANY);

    internal static DnsRecord Delete(DnsRecord record) => record with { Class = DnsClass.NONE, Ttl = 0 };

    internal static DnsRecord Empty(DnsName name, DnsType type, DnsClass @class) => new(name, type, @class, 0, EmptyData.Instance);
}
