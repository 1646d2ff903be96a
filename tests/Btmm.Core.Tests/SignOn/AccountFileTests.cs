using System.Text;
using System.Text.Json.Nodes;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Core.Tests.SignOn;

public sealed class AccountFileTests : IDisposable
{
    private const string Passphrase = "correct horse battery staple";

    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-account-").FullName;

    private string File => Path.Combine(_directory, "alice.json");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void Create_Twice_GivesDifferentKeysOfFullLength()
    {
        using BtmmAccount one = NewAccount();
        using BtmmAccount two = NewAccount();
        Assert.Equal(32, one.IkePreSharedKey.Length);
        Assert.Equal(32, one.UpdateKey.SecretLength);
        Assert.Same(TsigAlgorithm.HmacSha256, one.UpdateKey.Algorithm);
        Assert.True(one.UpdateKey.Name.IsSubdomainOf(one.Domain));
        Assert.False(one.UpdateKey.Matches(two.UpdateKey));
        Assert.False(one.IkePreSharedKey.Span.SequenceEqual(two.IkePreSharedKey.Span));
        byte[] update = new byte[32];
        one.UpdateKey.CopySecretTo(update);
        Assert.False(one.IkePreSharedKey.Span.SequenceEqual(update));
    }

    [Fact]
    public async Task SaveAndLoad_Account_GivesTheSame()
    {
        using BtmmAccount account = NewAccount();
        await AccountFile.SaveAsync(account, File);
        using BtmmAccount read = await AccountFile.LoadAsync(File);
        AssertSame(account, read);
        Assert.True(read.Authority!.CanIssue);
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Fact]
    public async Task Save_OverExistingFile_ReplacesItAndTightensItsMode()
    {
        await System.IO.File.WriteAllTextAsync(File, "old");
        using BtmmAccount account = NewAccount();
        await AccountFile.SaveAsync(account, File);
        Assert.Equal([File], Directory.GetFiles(_directory));
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Fact]
    public async Task ExportAndImport_RightPassphrase_GivesTheSameAndHidesIt()
    {
        using BtmmAccount account = NewAccount();
        await AccountFile.ExportAsync(account, File, Passphrase.AsMemory());
        byte[] bytes = await System.IO.File.ReadAllBytesAsync(File);
        Assert.DoesNotContain("example", Encoding.Latin1.GetString(bytes), StringComparison.Ordinal);
        using BtmmAccount read = await AccountFile.ImportAsync(File, Passphrase.AsMemory());
        AssertSame(account, read);
        Assert.False(read.Authority!.CanIssue);
    }

    [Fact]
    public async Task Export_WithTheAuthoritysKey_GivesItToo()
    {
        using BtmmAccount account = NewAccount();
        await AccountFile.ExportAsync(account, File, Passphrase.AsMemory(), withAuthorityKey: true);
        using BtmmAccount read = await AccountFile.ImportAsync(File, Passphrase.AsMemory());
        AssertSame(account, read);
        Assert.True(read.Authority!.CanIssue);
    }

    [Fact]
    public async Task Load_AccountFromBeforeThereWereAuthorities_HasNone()
    {
        using BtmmAccount account = NewAccount();
        using BtmmAccount old = account.WithAuthority(null);
        await AccountFile.SaveAsync(old, File);
        Assert.DoesNotContain("authority", await System.IO.File.ReadAllTextAsync(File), StringComparison.Ordinal);
        using BtmmAccount read = await AccountFile.LoadAsync(File);
        Assert.Null(read.Authority);
    }

    [Fact]
    public async Task Load_AuthorityWithAnothersKey_SaysSo()
    {
        using BtmmAccount account = NewAccount();
        using BtmmAccount other = NewAccount();
        JsonNode json = JsonNode.Parse(AccountJson.Write(account, withAuthorityKey: true))!;
        json["authority"]!["certificate"] = Convert.ToBase64String(other.Authority!.Certificate.Span);
        await System.IO.File.WriteAllTextAsync(File, json.ToJsonString());
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => AccountFile.LoadAsync(File));
        Assert.Equal(BtmmErrorReason.AccountFileInvalid, error.Reason);
    }

    [Fact]
    public void Open_WrongPassphrase_SaysSo()
    {
        using BtmmAccount account = NewAccount();
        byte[] bytes = AccountFile.Seal(account, Passphrase);
        AssertInvalid(() => AccountFile.Open(bytes, "correct horse battery stable"));
    }

    [Fact]
    public void Open_AnyDamage_SaysSo()
    {
        using BtmmAccount account = NewAccount();
        byte[] bytes = AccountFile.Seal(account, Passphrase);
        // Header bytes each, then a few of the rest: every try past the header costs a key derivation.
        int[] places = [.. Enumerable.Range(0, 14), 14, 29, 30, 41, 42, bytes.Length / 2, bytes.Length - 17, bytes.Length - 1];
        foreach (int place in places)
        {
            byte[] damaged = [.. bytes];
            damaged[place] ^= 0x40;
            AssertInvalid(() => AccountFile.Open(damaged, Passphrase));
        }

        for (int length = 0; length < 60; length++)
            AssertInvalid(() => AccountFile.Open(bytes.AsSpan(0, length), Passphrase));
        AssertInvalid(() => AccountFile.Open(bytes.AsSpan(0, bytes.Length - 1), Passphrase));
        AssertInvalid(() => AccountFile.Open(new byte[AccountFile.MaxLength + 1], Passphrase));
    }

    [Fact]
    public void Seal_ShortPassphrase_IsRefused()
    {
        using BtmmAccount account = NewAccount();
        BtmmException error = Assert.Throws<BtmmException>(() => AccountFile.Seal(account, "short"));
        Assert.Equal(BtmmErrorReason.InvalidValue, error.Reason);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"version\":2}")]
    [InlineData("{\"version\":1,\"domain\":\"a.example\"}")]
    [InlineData("{\"version\":1,\"domain\":\"a..example\",\"updateKey\":{\"name\":\"k\",\"algorithm\":\"hmac-sha256\",\"secret\":\"AAAA\"},\"ikePreSharedKey\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}")]
    [InlineData("{\"version\":1,\"domain\":\"a.example\",\"updateKey\":{\"name\":\"k\",\"algorithm\":\"hmac-md5\",\"secret\":\"AAAA\"},\"ikePreSharedKey\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}")]
    [InlineData("{\"version\":1,\"domain\":\"a.example\",\"updateKey\":{\"name\":\"k\",\"algorithm\":\"hmac-sha256\",\"secret\":\"\"},\"ikePreSharedKey\":\"AAAAAAAAAAAAAAAAAAAAAA==\"}")]
    [InlineData("{\"version\":1,\"domain\":\"a.example\",\"updateKey\":{\"name\":\"k\",\"algorithm\":\"hmac-sha256\",\"secret\":\"AAAA\"},\"ikePreSharedKey\":\"AAAA\"}")]
    [InlineData("{\"version\":1,\"domain\":\"a.example\",\"updateKey\":{\"name\":\"k\",\"algorithm\":\"hmac-sha256\",\"secret\":\"AAAA\"},\"ikePreSharedKey\":\"AAAAAAAAAAAAAAAAAAAAAA==\",\"servers\":[{\"host\":\"h\",\"port\":0}]}")]
    [InlineData("{\"version\":1,\"domain\":\"a.example\",\"updateKey\":{\"name\":\"k\",\"algorithm\":\"hmac-sha256\",\"secret\":\"AAAA\"},\"ikePreSharedKey\":\"AAAAAAAAAAAAAAAAAAAAAA==\",\"servers\":[{\"host\":\"h\",\"port\":53,\"tls\":\"always\"}]}")]
    [InlineData("{\"version\":1,\"domain\":\"a.example\",\"updateKey\":{\"name\":\"k\",\"algorithm\":\"hmac-sha256\",\"secret\":\"AAAA\"},\"ikePreSharedKey\":\"AAAAAAAAAAAAAAAAAAAAAA==\",\"authority\":{\"certificate\":\"AAAA\"}}")]
    public async Task Load_NotAnAccount_SaysSo(string content)
    {
        await System.IO.File.WriteAllTextAsync(File, content);
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => AccountFile.LoadAsync(File));
        Assert.Equal(BtmmErrorReason.AccountFileInvalid, error.Reason);
    }

    [Fact]
    public async Task Load_MissingFile_SaysSo()
    {
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => AccountFile.LoadAsync(File));
        Assert.Equal(BtmmErrorReason.NameNotFound, error.Reason);
    }

    [Fact]
    public async Task Load_RandomDamage_NeverThrowsAnythingElse()
    {
        using BtmmAccount account = NewAccount();
        await AccountFile.SaveAsync(account, File);
        byte[] bytes = await System.IO.File.ReadAllBytesAsync(File);
        var random = new Random(2104);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] damaged = [.. bytes];
            for (int k = random.Next(1, 4); k > 0; k--)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            if (AccountJson.TryRead(damaged, out BtmmAccount? read))
                read.Dispose();
        }
    }

    [Fact]
    public void Constructor_ShortPreSharedKey_IsRefused()
    {
        using BtmmAccount account = NewAccount();
        Assert.Throws<BtmmException>(() => new BtmmAccount(account.Domain, account.UpdateKey, new byte[15]));
        Assert.Throws<BtmmException>(() => new BtmmAccount(DnsName.Root, account.UpdateKey, new byte[16]));
    }

    [Fact]
    public void Dispose_Account_ZeroesItsKeys()
    {
        BtmmAccount account = NewAccount();
        account.Dispose();
        Assert.Equal(new byte[32], account.IkePreSharedKey.ToArray());
        Assert.DoesNotContain("=", account.ToString(), StringComparison.Ordinal);
    }

    private static BtmmAccount NewAccount() =>
        BtmmAccount.Create(
            DnsName.Parse("alice.members.example.net"),
            SystemRandomSource.Instance,
            [
                new ZoneServer("192.0.2.53", 5300, 5352), new ZoneServer("ns.example.net") { Tls = TlsUse.Off },
                new ZoneServer("dns.example.net") { Tls = TlsUse.Required, TlsPort = 8853, TlsName = "a.example.net", HasPublicCertificate = true },
            ]);

    private static void AssertSame(BtmmAccount expected, BtmmAccount actual)
    {
        Assert.Equal(expected.Domain, actual.Domain);
        Assert.True(expected.UpdateKey.Matches(actual.UpdateKey));
        Assert.Equal(expected.IkePreSharedKey.ToArray(), actual.IkePreSharedKey.ToArray());
        Assert.Equal(expected.Servers, actual.Servers);
        Assert.Equal(expected.Authority?.Certificate.ToArray(), actual.Authority?.Certificate.ToArray());
    }

    private static void AssertInvalid(Action action) =>
        Assert.Equal(BtmmErrorReason.AccountFileInvalid, Assert.Throws<BtmmException>(action).Reason);
}
