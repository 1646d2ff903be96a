using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Auto;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.Tests.NatTraversal.Auto;
using Btmm.Core.Tests.Node;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Memory;

/// <summary>What is written down before a gateway is asked, and what happens when it cannot be.</summary>
public sealed class RecordingPortMapperTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly FakeClock _clock = new();
    private readonly AutoFixture _lab;

    public RecordingPortMapperTests() => _lab = new AutoFixture(MappingMemory.Open(FilePath, SystemRandomSource.Instance, _clock), _clock);

    private string FilePath => _directory.File("mappings.json");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Map_NothingCanBeWritten_NothingIsAsked()
    {
        Directory.CreateDirectory(FilePath + ".new/in-the-way");
        RecordingPortMapper mapper = Open(_lab.NatPmp);
        BtmmException e = await _lab.FailAsync(mapper.MapAsync(_lab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.StateDirectoryInvalid, e.Reason);
        Assert.Equal(0, _lab.NatPmp.Maps);
    }

    [Fact]
    public async Task Map_RefusedWhileAnotherProcessWasGrantedThePort_ItsNoteAndNonceStay()
    {
        RecordingPortMapper mapper = Open(_lab.Pcp);
        _lab.Pcp.MapFailure = BtmmErrorReason.PortMappingNotAuthorized;
        _lab.Pcp.Delay = TimeSpan.FromSeconds(1);
        Task<PortMapping> refused = mapper.MapAsync(_lab.Request, ExchangeEffort.Brisk, CancellationToken.None);
        MappingMemory other = MappingMemory.Open(FilePath, SystemRandomSource.Instance, _clock);
        PortMapping granted = new(
            PortMappingMethod.Pcp, _lab.Route.Gateway, PortMappingProtocol.Udp, AutoFixture.Port, 7, TimeSpan.FromHours(1), _clock.GetUtcNow())
        { Nonce = other.NonceFor(new(_lab.Route.Gateway), PortMappingProtocol.Udp, AutoFixture.Port) };
        other.Note(granted);
        await _lab.FailAsync(refused);
        Assert.Equal(granted, Assert.Single(_lab.Memory.Mappings));
        Assert.Equal(granted.Nonce, _lab.Memory.NonceFor(new(_lab.Route.Gateway), PortMappingProtocol.Udp, AutoFixture.Port));
    }

    [Fact]
    public async Task Map_DiskFullWhenGranted_MappingIsReturnedAndTheNoteThatItMayExistIsThere()
    {
        RecordingPortMapper mapper = Open(_lab.NatPmp);
        _lab.NatPmp.Delay = TimeSpan.FromSeconds(1);
        Task<PortMapping> map = mapper.MapAsync(_lab.Request, ExchangeEffort.Brisk, CancellationToken.None);
        Directory.CreateDirectory(FilePath + ".new/in-the-way");
        Assert.Equal(AutoFixture.Port, (await _lab.RunAsync(map)).ExternalPort);
        Assert.Equal(TimeSpan.Zero, Assert.Single(_lab.Memory.Mappings).Lifetime);
    }

    [Fact]
    public async Task Map_RenewalWhileTheDiskIsFull_GoesOnBeyondTheNote()
    {
        RecordingPortMapper mapper = Open(_lab.NatPmp);
        await MapAsync(mapper, _lab.Request);
        Directory.CreateDirectory(FilePath + ".new/in-the-way");
        for (int hour = 0; hour < 3; hour++)
        {
            await MapAsync(mapper, _lab.Request);
            _clock.Advance(TimeSpan.FromMinutes(50));
        }

        BtmmException e = await _lab.FailAsync(mapper.MapAsync(_lab.Request with { InternalPort = 1 }, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.StateDirectoryInvalid, e.Reason);
    }

    [Fact]
    public async Task Map_AutoCannotRememberTheMethod_MappingIsReturned()
    {
        await using AutoPortMapper auto = _lab.Open();
        PortMapping first = await MapAsync(auto, _lab.Request);
        _lab.Memory.Note(first with { Method = PortMappingMethod.NatPmp });
        Directory.CreateDirectory(FilePath + ".new/in-the-way");
        _lab.Pcp.MapFailure = BtmmErrorReason.PortMappingNotAuthorized; // So another method is to be remembered.
        _lab.Pcp.DeleteFailure = BtmmErrorReason.PortMappingNotAuthorized;
        Assert.Equal(PortMappingMethod.NatPmp, (await MapAsync(auto, _lab.Request)).Method);
    }

    [Fact]
    public async Task Map_IgdAnswerWasLost_WhatMayBeThereGoesFirst()
    {
        RecordingPortMapper mapper = Open(_lab.Igd);
        _lab.Igd.Dumb = true;
        await _lab.FailAsync(mapper.MapAsync(_lab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        _lab.Igd.Dumb = false;
        PortMapping made = await MapAsync(mapper, _lab.Request);
        Assert.Equal(1, _lab.Igd.Deletes);
        Assert.Equal(made, Assert.Single(_lab.Memory.Mappings));
        await MapAsync(mapper, _lab.Request);
        Assert.Equal(1, _lab.Igd.Deletes); // A renewal deletes nothing.
    }

    [Fact]
    public async Task Map_IgdAnswerWasLostAndNothingCanBeListed_IsMadeAllTheSame()
    {
        RecordingPortMapper mapper = Open(_lab.Igd);
        _lab.Igd.Dumb = true;
        await _lab.FailAsync(mapper.MapAsync(_lab.Request, ExchangeEffort.Brisk, CancellationToken.None));
        _lab.Igd.Dumb = false;
        _lab.Igd.DeleteFailure = BtmmErrorReason.MalformedReply;
        Assert.Equal(AutoFixture.Port, (await MapAsync(mapper, _lab.Request)).ExternalPort);
    }

    [Fact]
    public async Task Map_IgdOtherPortRefusedAfterTheFirstWent_NothingIsLeftInTheMemory()
    {
        RecordingPortMapper mapper = Open(_lab.Igd);
        await MapAsync(mapper, _lab.Request with { SuggestedExternalPort = 40001 });
        _lab.Igd.MapFailure = BtmmErrorReason.PortMappingNotAuthorized;
        await _lab.FailAsync(mapper.MapAsync(_lab.Request with { SuggestedExternalPort = 40002 }, ExchangeEffort.Brisk, CancellationToken.None));
        Assert.Empty(_lab.Memory.Mappings);
        Assert.Equal(0, _lab.Mappings);
    }

    [Fact]
    public async Task Map_IgdOtherPort_IsNotedBeforeItIsAskedFor()
    {
        RecordingPortMapper mapper = Open(_lab.Igd);
        await MapAsync(mapper, _lab.Request with { SuggestedExternalPort = 40001 });
        int maps = _lab.Igd.Maps;
        Task<PortMapping> again = mapper.MapAsync(_lab.Request with { SuggestedExternalPort = 40002 }, ExchangeEffort.Brisk, CancellationToken.None);
        await _clock.RunUntilAsync(() => _lab.Igd.Maps > maps, TimeSpan.FromSeconds(1));
        PortMapping asked = Assert.Single(MappingMemory.Open(FilePath, SystemRandomSource.Instance, _clock).Mappings); // As after a crash at this moment.
        Assert.Equal((TimeSpan.Zero, 40002), (asked.Lifetime, asked.ExternalPort));
        await _lab.RunAsync(again);
    }

    private RecordingPortMapper Open(FakeMethod method) => new(method, method.Method, _lab.MemoryOf(_lab.Route), _clock);

    private Task<PortMapping> MapAsync(IPortMapper mapper, PortMappingRequest request) =>
        _lab.RunAsync(mapper.MapAsync(request, ExchangeEffort.Brisk, CancellationToken.None));
}
