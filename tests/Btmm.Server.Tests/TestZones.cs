using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Tests;

internal static class TestZones
{
    internal static readonly DnsName Alice = DnsName.Parse("alice.members.example.net");

    internal static BtmmAccount NewAccount(string domain = "alice.members.example.net") =>
        BtmmAccount.Create(DnsName.Parse(domain), SystemRandomSource.Instance);

    internal static ZoneServiceOptions Options(params BtmmAccount[] accounts) => new()
    {
        Endpoints = [new IPEndPoint(IPAddress.Loopback, 0)],
        Zones = [.. accounts.Select(ZoneOptions.ForAccount)],
    };
}
