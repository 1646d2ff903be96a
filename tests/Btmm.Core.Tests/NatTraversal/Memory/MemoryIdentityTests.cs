using System.Net;
using System.Net.NetworkInformation;
using System.Text;
using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.Tests.Node;
using Btmm.Protocol.NatTraversal.Pcp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Memory;

/// <summary>Gateways with one address and different link-layer addresses, in the memory and in its file.</summary>
public sealed class MemoryIdentityTests : IDisposable
{
    private static readonly IPAddress s_address = IPAddress.Parse("192.168.1.1");
    private static readonly GatewayIdentity s_home = new(s_address, PhysicalAddress.Parse("020000AA0001"));
    private static readonly GatewayIdentity s_away = new(s_address, PhysicalAddress.Parse("020000BB0001"));
    private static readonly GatewayIdentity s_unknown = new(s_address);

    private readonly TemporaryDirectory _directory = new();
    private readonly FakeClock _clock = new();

    private string FilePath => _directory.File("mappings.json");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Identity_LinkAddressOfOneUnknown_MayBeAndIsNotProven()
    {
        Assert.True(s_home.MayBe(s_unknown) && s_unknown.MayBe(s_home) && s_unknown.MayBe(s_unknown) && s_home.MayBe(s_home));
        Assert.False(s_home.MayBe(s_away) || s_home.MayBe(s_home with { Address = IPAddress.Parse("192.168.1.2") }));
        Assert.True(s_home.IsProvenToBe(new GatewayIdentity(IPAddress.Parse("192.168.1.1"), PhysicalAddress.Parse("02-00-00-AA-00-01"))));
        Assert.False(s_home.IsProvenToBe(s_unknown) || s_unknown.IsProvenToBe(s_unknown) || s_home.IsProvenToBe(s_away));
        GatewayIdentity linkLocal = new(IPAddress.Parse("fe80::1%2"), s_home.LinkAddress);
        Assert.Equal(linkLocal, linkLocal with { Address = IPAddress.Parse("fe80::1%7") });
        Assert.Equal(linkLocal.GetHashCode(), (linkLocal with { Address = IPAddress.Parse("fe80::1%7") }).GetHashCode());
    }

    [Fact]
    public void Note_SamePortOnTwoGateways_StandSideBySideAndAreForgottenApart()
    {
        PortMapping home = Mapping(s_home) with { IsPermanent = true };
        PortMapping away = Mapping(s_away);
        PortMapping unknown = Mapping(s_unknown);
        MappingMemory memory = Open();
        foreach (PortMapping mapping in new[] { home, away, unknown }) memory.Note(mapping);
        Assert.Equal([home, away, unknown], Open().Mappings);
        memory.Forget(away);
        memory.Forget(unknown);
        Assert.Equal(home, Assert.Single(Open().Mappings));
    }

    [Fact]
    [Trait("rfc", "6887§11.2")]
    public void NonceFor_TwoGateways_EachHasItsOwnAndKeepsItWhenTheOtherIsForgotten()
    {
        MappingMemory memory = Open();
        PcpNonce home = Nonce(memory, s_home);
        PcpNonce away = Nonce(memory, s_away);
        Assert.NotEqual(home, away);
        memory.Forget(Mapping(s_away) with { Method = PortMappingMethod.Pcp });
        Assert.Equal(home, Nonce(Open(), s_home));
        Assert.NotEqual(away, Nonce(memory, s_away));
    }

    [Fact]
    public void NonceFor_GatewayNotKnownForCertain_TakesTheNonceAndLeavesItToTheOther()
    {
        MappingMemory memory = Open();
        PcpNonce home = Nonce(memory, s_home);
        Assert.Equal(home, Nonce(memory, s_unknown)); // Or the gateway would refuse to renew it.
        memory.Forget(Mapping(s_unknown) with { Method = PortMappingMethod.Pcp });
        Assert.Equal(home, Nonce(memory, s_home));
    }

    [Fact]
    public void Hints_TwoGateways_EachHasItsOwn()
    {
        MappingMemory memory = Open();
        memory.NoteMethod(s_home, PortMappingMethod.Igd);
        memory.NoteDescription(s_home, "http://192.168.1.1:5000/home.xml");
        Assert.Null(memory.MethodFor(s_away));
        Assert.Null(memory.DescriptionFor(s_away));
        memory.NoteMethod(s_away, PortMappingMethod.Pcp);
        memory.NoteDescription(s_away, "http://192.168.1.1:5000/away.xml");
        memory = Open();
        Assert.Equal((PortMappingMethod.Igd, PortMappingMethod.Pcp), (memory.MethodFor(s_home), memory.MethodFor(s_away)));
        Assert.EndsWith("home.xml", memory.DescriptionFor(s_home), StringComparison.Ordinal);
        Assert.Equal(PortMappingMethod.Pcp, memory.MethodFor(s_unknown)); // The one met last.
        memory.ForgetMethod(s_away);
        Assert.Equal((PortMappingMethod.Igd, null), (memory.MethodFor(s_home), memory.MethodFor(s_away)));
    }

    [Fact]
    public void Open_FileOfVersion1_IsReadWithLinkAddressesUnknownAndWrittenAsTheNewVersion()
    {
        const string Old = """
            {"version":1,
             "mappings":[{"method":"Igd","gateway":"192.168.1.1","protocol":"Udp","internalPort":4500,"externalPort":14500,
                          "lifetimeSeconds":3600,"mappedAt":"2026-01-01T12:00:00+00:00","permanent":true}],
             "nonces":[{"gateway":"192.168.1.1","protocol":"Udp","internalPort":4500,"nonce":"0102030405060708090A0B0C"}],
             "methods":[{"gateway":"192.168.1.1","method":"Igd"}],
             "descriptions":[{"gateway":"192.168.1.1","location":"http://192.168.1.1:5000/root.xml"}]}
            """;
        File.WriteAllText(FilePath, Old);
        MappingMemory memory = Open();
        Assert.False(memory.WasDamaged);
        Assert.Equal(Mapping(s_unknown) with { IsPermanent = true }, Assert.Single(memory.Mappings));
        Assert.Equal(PortMappingMethod.Igd, memory.MethodFor(s_home));
        Assert.Equal("http://192.168.1.1:5000/root.xml", memory.DescriptionFor(s_home));
        Assert.Equal("0102030405060708090A0B0C", Nonce(memory, s_home).ToString(), ignoreCase: true);
        memory.Note(Mapping(s_home));
        Assert.StartsWith("{\"version\":2,", File.ReadAllText(FilePath), StringComparison.Ordinal);
        Assert.Equal([s_unknown, s_home], Open().Mappings.Select(mapping => mapping.Identity));
        Assert.Equal(Nonce(memory, s_home), Nonce(Open(), s_unknown));
    }

    [Theory]
    [InlineData("\"gatewayLink\":\"\"")]
    [InlineData("\"gatewayLink\":\"router\"")]
    [InlineData("\"gatewayLink\":null")]
    public void Parse_LinkAddressThatMakesNoSense_CountsAsUnknown(string damaged)
    {
        MemoryContents contents = new();
        contents.Note(Mapping(s_home), null);
        contents.NoteMethod(new KeptMethod(s_home, PortMappingMethod.Igd));
        string text = Encoding.UTF8.GetString(MemoryJson.Format(contents));
        Assert.Contains("\"gatewayLink\":\"020000AA0001\"", text, StringComparison.Ordinal);
        MemoryContents read = MemoryJson.Parse(Encoding.UTF8.GetBytes(text.Replace("\"gatewayLink\":\"020000AA0001\"", damaged, StringComparison.Ordinal)), out _)!;
        Assert.Equal(s_unknown, Assert.Single(read.Mappings).Identity);
        Assert.Equal(s_unknown, Assert.Single(read.Methods).Gateway);
    }

    [Fact]
    public void Mappings_PermanentOfAGatewayNeverMetAgain_StayForAYear()
    {
        MappingMemory memory = Open();
        memory.Note(Mapping(s_home) with { IsPermanent = true });
        _clock.Advance(TimeSpan.FromDays(364));
        Assert.Single(memory.Mappings);
        _clock.Advance(TimeSpan.FromDays(2));
        Assert.Empty(memory.Mappings);
    }

    [Fact]
    public void Format_AllThatFitsWithLinkAddresses_IsReadAgain()
    {
        var contents = new MemoryContents();
        PortMapping longest = Mapping(s_home) with
        {
            Method = PortMappingMethod.NatPmp,
            Gateway = IPAddress.Parse("fe80:1111:2222:3333:4444:5555:6666:7777%4294967295"),
            ExternalAddress = IPAddress.Parse("2001:1111:2222:3333:4444:5555:6666:7777"),
            InternalAddress = IPAddress.Parse("2001:1111:2222:3333:4444:5555:6666:8888"),
            Nonce = PcpNonce.Create(SystemRandomSource.Instance),
            MappedAt = _clock.Start + TimeSpan.FromTicks(1234567),
            IsPermanent = true,
        };
        for (int port = 1; port <= MemoryContents.MaxNonces; port++)
        {
            contents.Note(longest with { InternalPort = 60000 + (port % MemoryContents.MaxMappings) }, null);
            contents.AddNonce(new KeptNonce(longest.Identity, PortMappingProtocol.Udp, 10000 + port, longest.Nonce.GetValueOrDefault()));
        }

        byte[] file = MemoryJson.Format(contents);
        Assert.InRange(file.Length, 1, 1 << 20);
        MemoryContents read = MemoryJson.Parse(file, out _)!;
        Assert.Equal((MemoryContents.MaxMappings, MemoryContents.MaxNonces), (read.Mappings.Count, read.Nonces.Count));
        Assert.Equal(contents.Mappings, read.Mappings);
    }

    private static PcpNonce Nonce(MappingMemory memory, GatewayIdentity gateway) => memory.NonceFor(gateway, PortMappingProtocol.Udp, 4500);

    private MappingMemory Open() => MappingMemory.Open(FilePath, SystemRandomSource.Instance, _clock);

    private PortMapping Mapping(GatewayIdentity gateway) =>
        new(PortMappingMethod.Igd, gateway.Address, PortMappingProtocol.Udp, 4500, 14500, TimeSpan.FromHours(1), _clock.Start)
        { GatewayLinkAddress = gateway.LinkAddress };
}
