using System.Text;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Server.Administration;

namespace Btmm.Server.Tests;

public sealed class CatalogSealTests : IDisposable
{
    private static readonly DnsName s_name = DnsName.Parse("alice-key");
    private static readonly byte[] s_content = Encoding.ASCII.GetBytes("a secret that nobody may read");
    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-seal-").FullName;

    private string File => Path.Combine(_directory, "zones.key");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Seal_FirstUse_MakesAFileForItsOwnerAlone()
    {
        byte[] stored = Seal();
        Assert.Equal("zones.key", Path.GetFileName(Assert.Single(Directory.GetFiles(_directory))));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
        using CatalogSeal again = CatalogSeal.FromFile(File);
        Assert.Equal(s_content, again.Open(s_name, stored));
        Assert.Equal(s_content, again.Open(DnsName.Parse("ALICE-key"), stored));
        Assert.Equal(-1, stored.AsSpan().IndexOf("secret"u8));
    }

    [Fact]
    public void Seal_Twice_GivesDifferentBytes() => Assert.NotEqual(Seal(), Seal());

    [Fact]
    public void Open_UnderAnotherName_IsRefused()
    {
        byte[] stored = Seal();
        AssertRefused(() => Open(DnsName.Parse("bob-key"), stored), "cannot be opened");
    }

    [Fact]
    public void Open_EveryTruncationAndEveryChangedByte_IsRefused()
    {
        byte[] stored = Seal();
        for (int i = 0; i < stored.Length; i++)
        {
            byte[] changed = [.. stored];
            changed[i] ^= 0x40;
            AssertRefused(() => Open(s_name, changed), "cannot be opened");
            AssertRefused(() => Open(s_name, stored[..i]), "cannot be opened");
        }
    }

    [Fact]
    public void Open_WithAnotherFile_NamesTheFile()
    {
        byte[] stored = Seal();
        System.IO.File.Delete(File);
        Seal();
        AssertRefused(() => Open(s_name, stored), File);
    }

    [Fact]
    public void Open_WithoutTheFile_DoesNotMakeOne()
    {
        byte[] stored = Seal();
        System.IO.File.Delete(File);
        AssertRefused(() => Open(s_name, stored), "missing");
        Assert.False(System.IO.File.Exists(File));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    [InlineData(UnixFileMode.OtherWrite)]
    public void Open_FileThatOthersMayUse_IsRefused(UnixFileMode more)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such modes.");
        byte[] stored = Seal();
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite | more);
        AssertRefused(() => Open(s_name, stored), "by others");
    }

    [Theory]
    [InlineData("")]
    [InlineData("Dear Alice")]
    [InlineData("btmm-sealing-key-1 AAAA")]
    [InlineData("btmm-sealing-key-1 ////////////////////////////////////////////////////////////////")]
    public void Open_FileThatIsNone_IsRefusedAndLeftAlone(string text)
    {
        byte[] stored = Seal();
        System.IO.File.WriteAllText(File, text);
        AssertRefused(() => Open(s_name, stored), "not a key file");
        Assert.Equal(text, System.IO.File.ReadAllText(File));
    }

    private static void AssertRefused(Action open, string says)
    {
        BtmmException error = Assert.Throws<BtmmException>(open);
        Assert.Equal(BtmmErrorReason.KeyFileInvalid, error.Reason);
        Assert.Contains(says, error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Remedy);
    }

    private byte[] Seal()
    {
        using CatalogSeal seal = CatalogSeal.FromFile(File);
        return seal.Seal(s_name, s_content);
    }

    private void Open(DnsName name, byte[] stored)
    {
        using CatalogSeal seal = CatalogSeal.FromFile(File);
        seal.Open(name, stored);
    }
}
