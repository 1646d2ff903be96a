using System.Net;
using System.Text;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Memory;
using Btmm.Core.Tests.Node;
using Btmm.Protocol.NatTraversal.Pcp;
using Btmm.TestKit;

namespace Btmm.Core.Tests.NatTraversal.Memory;

public sealed class MappingMemoryTests : IDisposable
{
    private static readonly IPAddress s_gateway = IPAddress.Parse("192.168.1.1");
    private readonly TemporaryDirectory _directory = new();
    private readonly FakeClock _clock = new();

    private string FilePath => _directory.File("mappings.json");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Open_NothingYet_EmptyAndNoFileMade()
    {
        MappingMemory memory = Open();
        Assert.Empty(memory.Mappings);
        Assert.Null(memory.MethodFor(new(s_gateway)));
        Assert.False(memory.WasDamaged);
        Assert.False(File.Exists(FilePath));
    }

    [Fact]
    [Trait("rfc", "6887§11.2")]
    public void NonceFor_AnswerGiven_IsOnDiskAlready()
    {
        PcpNonce nonce = Open().NonceFor(new(s_gateway), PortMappingProtocol.Udp, 4500);
        MappingMemory later = Open(); // As after a crash: nothing was closed.
        Assert.Equal(nonce, later.NonceFor(new(s_gateway), PortMappingProtocol.Udp, 4500));
        Assert.NotEqual(nonce, later.NonceFor(new(s_gateway), PortMappingProtocol.Tcp, 4500));
        Assert.NotEqual(nonce, later.NonceFor(new(s_gateway), PortMappingProtocol.Udp, 4501));
        Assert.NotEqual(nonce, later.NonceFor(new(IPAddress.Parse("10.0.0.1")), PortMappingProtocol.Udp, 4500));
    }

    [Fact]
    public void NonceFor_LinkLocalGateway_SameWhateverTheScope()
    {
        PcpNonce nonce = Open().NonceFor(new(IPAddress.Parse("fe80::1%2")), PortMappingProtocol.Udp, 4500);
        Assert.Equal(nonce, Open().NonceFor(new(IPAddress.Parse("fe80::1%7")), PortMappingProtocol.Udp, 4500));
    }

    [Fact]
    public void Note_EveryField_ComesBack()
    {
        PortMapping mapping = Mapping(PortMappingMethod.Pcp) with
        {
            ExternalAddress = IPAddress.Parse("203.0.113.10"),
            InternalAddress = IPAddress.Parse("192.168.1.100"),
            Nonce = PcpNonce.Create(SystemRandomSource.Instance),
            IsPermanent = true,
        };
        Open().Note(mapping);
        Assert.Equal(mapping, Assert.Single(Open().Mappings));
    }

    [Fact]
    public void Note_AskedThenGrantedThenAskedAgain_KeepsWhatWasGranted()
    {
        MappingMemory memory = Open();
        PortMapping asked = Mapping(PortMappingMethod.NatPmp) with { ExternalPort = 0, Lifetime = TimeSpan.Zero };
        memory.Note(asked);
        Assert.Equal(asked, Assert.Single(Open().Mappings));
        memory.Note(Mapping(PortMappingMethod.NatPmp));
        memory.Note(asked);
        Assert.Equal(Mapping(PortMappingMethod.NatPmp), Assert.Single(Open().Mappings));
    }

    [Fact]
    public void Forget_OneMethod_LeavesTheOthersOfThePort()
    {
        MappingMemory memory = Open();
        PcpNonce nonce = memory.NonceFor(new(s_gateway), PortMappingProtocol.Udp, 4500);
        memory.Note(Mapping(PortMappingMethod.Pcp));
        memory.Note(Mapping(PortMappingMethod.NatPmp));
        memory.Forget(Mapping(PortMappingMethod.NatPmp));
        Assert.Equal(PortMappingMethod.Pcp, Assert.Single(Open().Mappings).Method);
        Assert.Equal(nonce, memory.NonceFor(new(s_gateway), PortMappingProtocol.Udp, 4500));
        memory.Forget(Mapping(PortMappingMethod.Pcp));
        Assert.Empty(Open().Mappings);
        Assert.NotEqual(nonce, memory.NonceFor(new(s_gateway), PortMappingProtocol.Udp, 4500));
    }

    [Fact]
    public void Mappings_PastTheirLifetime_AreGoneButPermanentOnesStay()
    {
        MappingMemory memory = Open();
        memory.Note(Mapping(PortMappingMethod.Pcp));
        memory.Note(Mapping(PortMappingMethod.Igd) with { IsPermanent = true });
        memory.Note(Mapping(PortMappingMethod.NatPmp) with { Lifetime = TimeSpan.Zero });
        _clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal([PortMappingMethod.Igd, PortMappingMethod.NatPmp], memory.Mappings.Select(mapping => mapping.Method));
        _clock.Advance(TimeSpan.FromDays(30));
        Assert.Equal([PortMappingMethod.Igd], memory.Mappings.Select(mapping => mapping.Method));
        memory.Note(Mapping(PortMappingMethod.Pcp) with { InternalPort = 1, MappedAt = _clock.GetUtcNow() });
        Assert.DoesNotContain("NatPmp", File.ReadAllText(FilePath), StringComparison.Ordinal);
    }

    [Fact]
    public void Methods_NotedAndForgotten_LeastRecentlyUsedGatewayLeaves()
    {
        MappingMemory memory = Open();
        for (int i = 0; i <= MemoryContents.MaxMethods; i++)
        {
            memory.NoteMethod(new(new IPAddress([10, 0, (byte)(i >> 8), (byte)i])), PortMappingMethod.Igd);
            memory.NoteMethod(new(s_gateway), PortMappingMethod.Pcp);
        }

        Assert.Equal(PortMappingMethod.Pcp, Open().MethodFor(new(s_gateway)));
        Assert.Null(memory.MethodFor(new(IPAddress.Parse("10.0.0.0"))));
        Assert.Equal(PortMappingMethod.Igd, memory.MethodFor(new(IPAddress.Parse("10.0.0.9"))));
        memory.NoteMethod(new(s_gateway), PortMappingMethod.NatPmp);
        Assert.Equal(PortMappingMethod.NatPmp, memory.MethodFor(new(s_gateway)));
        memory.ForgetMethod(new(s_gateway));
        Assert.Null(Open().MethodFor(new(s_gateway)));
    }

    [Fact]
    public void Descriptions_Noted_ComeBackAndLeastRecentlyChangedLeaves()
    {
        MappingMemory memory = Open();
        for (int i = 0; i <= MemoryContents.MaxDescriptions; i++)
            memory.NoteDescription(new(new IPAddress([10, 0, 0, (byte)i])), $"http://10.0.0.{i}/old.xml");
        memory.NoteDescription(new(IPAddress.Parse("10.0.0.9")), "http://10.0.0.9/new.xml");
        Assert.Null(Open().DescriptionFor(new(IPAddress.Parse("10.0.0.0"))));
        Assert.Equal("http://10.0.0.1/old.xml", Open().DescriptionFor(new(IPAddress.Parse("10.0.0.1"))));
        Assert.Equal("http://10.0.0.9/new.xml", Open().DescriptionFor(new(IPAddress.Parse("10.0.0.9"))));
        DateTime written = File.GetLastWriteTimeUtc(FilePath);
        memory.NoteDescription(new(IPAddress.Parse("10.0.0.9")), "http://10.0.0.9/new.xml");
        Assert.Equal(written, File.GetLastWriteTimeUtc(FilePath));
    }

    [Fact]
    public void Note_MoreThanFit_OldestGoPermanentOnesLast()
    {
        var contents = new MemoryContents();
        PortMapping permanent = Mapping(PortMappingMethod.Igd) with { IsPermanent = true, InternalPort = 1 };
        contents.Note(permanent, null);
        for (int port = 2; port < MemoryContents.MaxMappings + 10; port++) contents.Note(Mapping(PortMappingMethod.Igd) with { InternalPort = port }, null);
        Assert.Equal(MemoryContents.MaxMappings, contents.Mappings.Count);
        Assert.Equal(permanent, contents.Mappings[0]);
        for (int port = 0; port < MemoryContents.MaxNonces + 10; port++)
            contents.AddNonce(new KeptNonce(new(s_gateway), PortMappingProtocol.Udp, port, default));
        Assert.Equal(MemoryContents.MaxNonces, contents.Nonces.Count);
        byte[] file = MemoryJson.Format(contents);
        Assert.InRange(file.Length, 1, 1 << 20);
        Assert.Equal(contents.Mappings, MemoryJson.Parse(file, out _)!.Mappings);
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{\"version\":0}")]
    [InlineData("{\"version\":\"1\"}")]
    [InlineData("\0\0\0\0")]
    public void Open_DamagedFile_StartsEmptySaysSoAndKeepsItAside(string text)
    {
        File.WriteAllText(FilePath, text);
        MappingMemory memory = Open();
        Assert.True(memory.WasDamaged);
        Assert.Empty(memory.Mappings);
        memory.Note(Mapping(PortMappingMethod.Pcp));
        Assert.Single(Open().Mappings);
        Assert.False(Open().WasDamaged);
        Assert.Equal(text, File.ReadAllText(FilePath + ".damaged"));
    }

    [Fact]
    public void Open_FileOfALaterVersion_UntouchedAndSaidClearly()
    {
        const string Later = "{\"version\":3,\"mappings\":{\"other\":1}}";
        MappingMemory memory = Open();
        File.WriteAllText(FilePath, Later);
        var refusal = Assert.Throws<BtmmException>(() => Open());
        Assert.Equal(BtmmErrorReason.StateDirectoryInvalid, refusal.Reason);
        Assert.Contains("later version", refusal.Message, StringComparison.Ordinal);
        Assert.Throws<BtmmException>(() => memory.Note(Mapping(PortMappingMethod.Pcp)));
        Assert.Equal(Later, File.ReadAllText(FilePath));
    }

    [Fact]
    public void Open_TooLongFile_CountsAsDamaged()
    {
        File.WriteAllText(FilePath, "{\"version\":1}" + new string(' ', 1 << 20));
        Assert.True(Open().WasDamaged);
    }

    [Fact]
    public void Parse_EntriesThatMakeNoSense_AreLeftOut()
    {
        byte[] good = MemoryJson.Format(Filled());
        string text = Encoding.UTF8.GetString(good);
        string[] bad =
        [
            text.Replace("\"NatPmp\"", "\"Foo\"", StringComparison.Ordinal),
            text.Replace("\"NatPmp\"", "\"1\"", StringComparison.Ordinal),
            text.Replace("\"internalPort\":4500", "\"internalPort\":0", StringComparison.Ordinal),
            text.Replace("\"internalPort\":4500", "\"internalPort\":70000", StringComparison.Ordinal),
            text.Replace("\"lifetimeSeconds\":3600", "\"lifetimeSeconds\":-1", StringComparison.Ordinal),
            text.Replace("192.168.1.1", "gateway", StringComparison.Ordinal),
            "{\"version\":1,\"mappings\":[null],\"nonces\":[null,{}],\"methods\":[{}]}",
        ];
        Assert.All(bad, changed => Assert.Empty(MemoryJson.Parse(Encoding.UTF8.GetBytes(changed), out _)!.Mappings));
    }

    [Fact]
    public void Parse_EveryTruncationAndMutation_NeverThrows()
    {
        byte[] good = MemoryJson.Format(Filled());
        for (int length = 0; length < good.Length; length++) Assert.Null(MemoryJson.Parse(good.AsSpan(0, length), out _));
        var random = new Random(20261126);
        for (int round = 0; round < 5000; round++)
        {
            byte[] broken = [.. good];
            for (int i = random.Next(1, 5); i > 0; i--) broken[random.Next(broken.Length)] = (byte)random.Next(256);
            MemoryContents? contents = MemoryJson.Parse(broken, out _);
            Assert.True(contents is null || contents.Mappings.Count <= 2);
        }
    }

    [Fact]
    public async Task Update_ManyWritersAtOnce_NothingIsLost()
    {
        const int Writers = 8;
        const int Each = 12;
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() =>
        {
            MappingMemory memory = Open(); // Its own locks, as another process has.
            for (int i = 0; i < Each; i++)
            {
                int port = 1 + (writer * Each) + i;
                memory.NonceFor(new(s_gateway), PortMappingProtocol.Udp, port);
                memory.Note(Mapping(PortMappingMethod.Pcp) with { InternalPort = port });
            }
        })));
        Assert.Equal(Enumerable.Range(1, Writers * Each), Open().Mappings.Select(mapping => mapping.InternalPort).Order());
        PcpNonce[] nonces = await Task.WhenAll(Enumerable.Range(0, Writers).Select(_ =>
            Task.Run(() => Open().NonceFor(new(s_gateway), PortMappingProtocol.Tcp, 1))));
        Assert.Single(nonces.Distinct());
    }

    [Fact]
    public void Update_OnUnix_FileIsTheOwnersOnly()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "modes are Unix's");
        if (OperatingSystem.IsWindows()) return;
        MappingMemory memory = MappingMemory.Open(_directory.File("new/mappings.json"), SystemRandomSource.Instance, _clock);
        memory.Note(Mapping(PortMappingMethod.Pcp));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_directory.File("new/mappings.json")));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(_directory.File("new")));
    }

    [Fact]
    public void InMemory_NoFile_WorksTheSame()
    {
        MappingMemory memory = new(SystemRandomSource.Instance);
        PcpNonce nonce = memory.NonceFor(new(s_gateway), PortMappingProtocol.Udp, 4500);
        Assert.Equal(nonce, memory.NonceFor(new(s_gateway), PortMappingProtocol.Udp, 4500));
        memory.Note(Mapping(PortMappingMethod.Pcp));
        Assert.Single(memory.Mappings);
        memory.Forget(Mapping(PortMappingMethod.Pcp));
        Assert.Empty(memory.Mappings);
    }

    private MappingMemory Open() => MappingMemory.Open(FilePath, SystemRandomSource.Instance, _clock);

    private PortMapping Mapping(PortMappingMethod method) =>
        new(method, s_gateway, PortMappingProtocol.Udp, 4500, 14500, TimeSpan.FromHours(1), _clock.Start);

    private MemoryContents Filled()
    {
        var contents = new MemoryContents();
        contents.Note(Mapping(PortMappingMethod.NatPmp), null);
        contents.AddNonce(new KeptNonce(new(s_gateway), PortMappingProtocol.Udp, 4500, PcpNonce.Create(SystemRandomSource.Instance)));
        contents.NoteMethod(new KeptMethod(new(s_gateway), PortMappingMethod.NatPmp));
        return contents;
    }
}
