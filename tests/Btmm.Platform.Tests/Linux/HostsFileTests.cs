using System.Net;
using Btmm.Core.Contracts;
using Btmm.Platform.Linux;

namespace Btmm.Platform.Tests.Linux;

public sealed class HostsFileTests : IDisposable
{
    private const string Owner = "alice.example.net";
    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-hosts-").FullName;

    private string HostsPath => Path.Combine(_directory, "hosts");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Apply_WriteThenRemove_RestoresTheFileByteForByte()
    {
        byte[] original = [.. "127.0.0.1\tlocalhost\r\n# caf"u8, 0xE9, (byte)'\n'];
        File.WriteAllBytes(HostsPath, original);
        var hosts = new HostsFile(HostsPath);
        Assert.True(hosts.Apply(Owner, Entries("fd00::1")));
        Assert.False(hosts.Apply(Owner, Entries("fd00::1")));
        Assert.Contains("fd00::1 mac.alice.example.net\n", File.ReadAllText(HostsPath), StringComparison.Ordinal);
        Assert.True(hosts.Apply(Owner, []));
        Assert.Equal(original, File.ReadAllBytes(HostsPath));
        Assert.Equal([HostsPath], Directory.GetFiles(_directory));
    }

    [Fact]
    public void Apply_Replaces_KeepsTheMode()
    {
        if (OperatingSystem.IsWindows())
        {
            Assert.Skip("file modes are a Unix matter");
            return;
        }

        File.WriteAllText(HostsPath, "127.0.0.1 localhost\n");
        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        File.SetUnixFileMode(HostsPath, Mode);
        new HostsFile(HostsPath).Apply(Owner, Entries("fd00::1"));
        Assert.Equal(Mode, File.GetUnixFileMode(HostsPath));
    }

    [Fact]
    public void Apply_SymbolicLink_WritesTheTarget()
    {
        string target = Path.Combine(_directory, "real");
        File.WriteAllText(target, "127.0.0.1 localhost\n");
        File.CreateSymbolicLink(HostsPath, target);
        var hosts = new HostsFile(HostsPath);
        hosts.Apply(Owner, Entries("fd00::1"));
        Assert.NotNull(new FileInfo(HostsPath).LinkTarget);
        Assert.Contains("fd00::1", File.ReadAllText(target), StringComparison.Ordinal);
        hosts.Apply(Owner, []);
        Assert.Equal("127.0.0.1 localhost\n", File.ReadAllText(target));
    }

    [Fact]
    public async Task Apply_OthersWriteMeanwhile_NothingOfTheirsIsLost()
    {
        File.WriteAllText(HostsPath, "");
        const int Owners = 4;
        const int Rounds = 25;
        var files = Enumerable.Range(0, Owners).Select(_ => new HostsFile(HostsPath)).ToArray();
        // Blocks are written one after another here: what one wrote, another must keep.
        for (int round = 0; round < Rounds; round++)
        {
            for (int i = 0; i < Owners; i++)
            {
                int owner = i;
                await Task.Run(() => files[owner].Apply($"o{owner}.net", [new(IPAddress.Parse($"fd00::{owner + 1}"), $"h{round}.o{owner}.net")]));
            }
        }

        string text = File.ReadAllText(HostsPath);
        for (int i = 0; i < Owners; i++) Assert.Contains($"fd00::{i + 1} h{Rounds - 1}.o{i}.net", text, StringComparison.Ordinal);
        Assert.Equal(Owners * 3, text.Count(c => c == '\n'));
    }

    [Fact]
    public void Apply_NoFileYet_MakesOne()
    {
        new HostsFile(HostsPath).Apply(Owner, Entries("fd00::1"));
        Assert.StartsWith("# BEGIN Btmm alice.example.net\n", File.ReadAllText(HostsPath), StringComparison.Ordinal);
        new HostsFile(HostsPath).Apply(Owner, []);
        Assert.Equal("", File.ReadAllText(HostsPath));
    }

    private static HostsEntry[] Entries(string address) => [new(IPAddress.Parse(address), "mac." + Owner)];
}
