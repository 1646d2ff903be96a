using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.Tests.Node;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Memory;

/// <summary>A memory on a disk that is full or read-only, under a clock that is wrong, behind a file that may not be read.</summary>
public sealed class MappingMemoryFaultTests : IDisposable
{
    private static readonly IPAddress s_gateway = IPAddress.Parse("192.168.1.1");
    private readonly TemporaryDirectory _directory = new();
    private readonly FakeClock _clock = new();

    private string FilePath => _directory.File("mappings.json");

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1970)]
    [InlineData(2000)]
    [InlineData(2106)]
    public void Note_ClockWithoutABattery_PermanentMappingComesBack(int year)
    {
        PortMapping mapping = Mapping() with { MappedAt = new DateTimeOffset(year, 1, 1, 0, 0, 0, TimeSpan.Zero), IsPermanent = true };
        Open().Note(mapping);
        Assert.Equal(mapping, Assert.Single(Open().Mappings));
    }

    [Fact]
    public void Read_FileIsThereButNotToBeRead_IsAnErrorAndNotEmpty()
    {
        MappingMemory memory = Open();
        Directory.CreateDirectory(FilePath); // Nobody, not even root, can read it as a file.
        Assert.Equal(BtmmErrorReason.StateDirectoryInvalid, Assert.Throws<BtmmException>(() => memory.Mappings).Reason);
        Assert.Throws<BtmmException>(() => Open());
    }

    [Fact]
    public void Update_CannotBeWritten_MappingsAreRefusedHintsAreLost()
    {
        MappingMemory memory = Open();
        memory.NoteMethod(new(s_gateway), PortMappingMethod.Pcp);
        Directory.CreateDirectory(FilePath + ".new/in-the-way");
        Assert.Equal(BtmmErrorReason.StateDirectoryInvalid, Assert.Throws<BtmmException>(() => memory.Note(Mapping())).Reason);
        Assert.Throws<BtmmException>(() => memory.NonceFor(new(s_gateway), PortMappingProtocol.Udp, 1));
        memory.NoteMethod(new(s_gateway), PortMappingMethod.Igd);
        memory.ForgetMethod(new(s_gateway));
        memory.NoteDescription(new(s_gateway), "http://192.168.1.1:5000/root.xml");
        Assert.Equal(PortMappingMethod.Pcp, memory.MethodFor(new(s_gateway)));
    }

    [Fact]
    public async Task Open_MapperOverAnUnreadableMemory_OpensAndItsFirstOperationSaysWhy()
    {
        VirtualWire wire = new(_clock);
        VirtualHost host = wire.Host("192.168.1.100");
        PortMapperServices services = new(host, host, SystemRandomSource.Instance, _clock, Open());
        await File.WriteAllTextAsync(FilePath, """{"version":99}""", TestContext.Current.CancellationToken);
        GatewayRoute route = new(s_gateway, IPAddress.Parse("192.168.1.100"), 2, "eth2");
        await using IPortMapper mapper = new PortMapperFactory(services).Open(route);
        PortMappingRequest request = new(PortMappingProtocol.Udp, 4500, 4500, TimeSpan.FromHours(1));
        Task<PortMapping> map = mapper.MapAsync(request, ExchangeEffort.Brief, CancellationToken.None);
        await _clock.RunUntilAsync(() => map.IsCompleted, TimeSpan.FromMinutes(1));
        Assert.Equal(BtmmErrorReason.StateDirectoryInvalid, (await Assert.ThrowsAsync<BtmmException>(() => map)).Reason);
    }

    private MappingMemory Open() => MappingMemory.Open(FilePath, SystemRandomSource.Instance, _clock);

    private PortMapping Mapping() =>
        new(PortMappingMethod.Igd, s_gateway, PortMappingProtocol.Udp, 4500, 14500, TimeSpan.FromHours(1), _clock.Start);
}
