using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.Protocol.Identity;

namespace Btmm.Core.Tests.SignOn;

public sealed class HostIdentifierStoreTests : IDisposable
{
    private static readonly Eui64 s_eui = Eui64.TryParse("02-22-69-FF-FE-8E-34-2A", out Eui64 value) ? value : default;

    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-id-").FullName;

    private string File => Path.Combine(_directory, "run", "identifier");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task GetOrCreate_SameBoot_KeepsTheIdentifier()
    {
        HostIdentifier first = await Store("boot-1").GetOrCreateAsync(s_eui, CancellationToken.None);
        HostIdentifier second = await Store("boot-1\n").GetOrCreateAsync(s_eui, CancellationToken.None);
        Assert.Equal(first, second);
    }

    [Fact]
    public async Task GetOrCreate_AfterReboot_MakesANewIdentifier()
    {
        HostIdentifier first = await Store("boot-1").GetOrCreateAsync(s_eui, CancellationToken.None);
        HostIdentifier second = await Store("boot-2").GetOrCreateAsync(s_eui, CancellationToken.None);
        Assert.NotEqual(first, second);
    }

    [Fact]
    public async Task GetOrCreate_OtherEui64_MakesANewIdentifier()
    {
        await Store("boot-1").GetOrCreateAsync(s_eui, CancellationToken.None);
        HostIdentifier second = await Store("boot-1").GetOrCreateAsync(default, CancellationToken.None);
        Assert.Equal(default, second.Eui64);
    }

    [Theory]
    [InlineData("")]
    [InlineData("boot-1")]
    [InlineData("boot-1\nfe80::1\n")]
    [InlineData("boot-1\nnonsense\n")]
    public async Task GetOrCreate_DamagedFile_MakesANewIdentifier(string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(File)!);
        await System.IO.File.WriteAllTextAsync(File, content);
        HostIdentifier made = await Store("boot-1").GetOrCreateAsync(s_eui, CancellationToken.None);
        Assert.Equal(made, await Store("boot-1").GetOrCreateAsync(s_eui, CancellationToken.None));
    }

    [Fact]
    public async Task GetOrCreate_FileCannotBeMade_SaysSo()
    {
        string blocked = Path.Combine(_directory, "plain");
        await System.IO.File.WriteAllTextAsync(blocked, "x");
        var store = new HostIdentifierStore(Path.Combine(blocked, "identifier"), "boot-1", SystemRandomSource.Instance);
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => store.GetOrCreateAsync(s_eui, CancellationToken.None));
        Assert.Equal(BtmmErrorReason.PermissionDenied, error.Reason);
    }

    private HostIdentifierStore Store(string bootId) => new(File, bootId, SystemRandomSource.Instance);
}
