using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.NatTraversal.Verdicts;
using Btmm.Core.Node;

namespace Btmm.Core.Tests.Node;

public sealed class NodeExaminerTests
{
    private static readonly IPAddress s_gateway = IPAddress.Parse("192.168.1.1");

    private readonly MappingMemory _memory = new(SystemRandomSource.Instance);

    public NodeExaminerTests() => _memory.NoteMethod(new(s_gateway), PortMappingMethod.Pcp);

    [Fact]
    public void KnownMapping_OfAMappedEndpoint_IsHeld()
    {
        MappingTrial? held = NodeExaminer.KnownMapping(Available(EndpointCandidateKind.Mapped), _memory);
        Assert.Equal((PortMappingMethod.Pcp, 40000, "203.0.113.9"), (held!.Method, held.ExternalPort, $"{held.ExternalAddress}"));
    }

    [Fact]
    public void KnownMapping_OfAnAddressOfItsOwn_IsNotKnown() =>
        Assert.Null(NodeExaminer.KnownMapping(Available(EndpointCandidateKind.DirectPublic), _memory));

    // What ails this host itself says nothing about the gateway.
    [Theory]
    [InlineData(BtmmErrorReason.PortMappingNotAuthorized, true)]
    [InlineData(BtmmErrorReason.DoubleNat, true)]
    [InlineData(BtmmErrorReason.Timeout, true)]
    [InlineData(BtmmErrorReason.PortMappingUnsupported, true)]
    [InlineData(BtmmErrorReason.NoGateway, false)]
    [InlineData(BtmmErrorReason.Unreachable, false)]
    [InlineData(BtmmErrorReason.StateDirectoryInvalid, false)]
    [InlineData(BtmmErrorReason.PermissionDenied, false)]
    public void KnownMapping_OfAReason_IsARefusalWhenItIsTheGateways(BtmmErrorReason reason, bool isRefusal)
    {
        MappingTrial? known = NodeExaminer.KnownMapping(Unavailable(reason), _memory);
        Assert.Equal(isRefusal ? reason : null, known?.Refusal);
        Assert.NotEqual(true, known?.Works);
    }

    [Fact]
    public void KnownMapping_MemoryThatCannotBeRead_IsKnownWithoutTheMethod()
    {
        using var directory = new TemporaryDirectory();
        string file = Path.Combine(directory.Path, "mappings.json");
        MappingMemory memory = MappingMemory.Open(file, SystemRandomSource.Instance, TimeProvider.System);
        Directory.CreateDirectory(file); // Neither absent nor a file.
        MappingTrial? held = NodeExaminer.KnownMapping(Available(EndpointCandidateKind.Mapped), memory);
        Assert.Equal((null, 40000), (held!.Method, held.ExternalPort));
    }

    private static EndpointState Available(EndpointCandidateKind kind) => new()
    {
        Phase = EndpointPhase.Available,
        Gateway = s_gateway,
        Candidates = [new EndpointCandidate(kind, IPAddress.Parse("203.0.113.9"), 40000, null)],
    };

    private static EndpointState Unavailable(BtmmErrorReason reason) => new()
    {
        Phase = EndpointPhase.Unavailable,
        Gateway = s_gateway,
        Reason = reason,
    };
}
