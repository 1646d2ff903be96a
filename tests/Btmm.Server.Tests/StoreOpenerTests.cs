using Btmm.Core.Diagnostics;
using Btmm.Server.Storage;
using Btmm.Server.Storage.Postgres;
using Npgsql;

namespace Btmm.Server.Tests;

public sealed class StoreOpenerTests : IDisposable
{
    private readonly StoreDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public async Task Text_ThatIsAPath_OpensAFile()
    {
        await using IDurableZoneStore store = await StoreOpener.OpenAsync(_directory.File);
        Assert.IsType<SqliteZoneStore>(store);
    }

    [Fact]
    public async Task Text_ThatNamesAFile_IsWhatItsFirstLineSays()
    {
        File.WriteAllText(_directory.File + ".address", $"{_directory.File}\nmore\n");
        await using IDurableZoneStore store = await StoreOpener.OpenAsync($"@{_directory.File}.address");
        Assert.True(File.Exists(_directory.File));
    }

    [Theory]
    [InlineData("postgres://btmm:hunter2@127.0.0.1:1/zones")]
    [InlineData("Host=127.0.0.1;Port=1;Username=btmm;Password=hunter2")]
    public async Task Text_WithAPassword_IsRefusedWithoutRepeatingIt(string text)
    {
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => StoreOpener.OpenAsync(text));
        Assert.Equal(BtmmErrorReason.InvalidValue, error.Reason);
        Assert.Contains("PGPASSFILE", error.Remedy, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task File_WithAPassword_IsUsed()
    {
        File.WriteAllText(_directory.File, "postgres://btmm:hunter2@127.0.0.1:1/zones");
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => StoreOpener.OpenAsync($"@{_directory.File}"));
        Assert.Equal(BtmmErrorReason.StoreFailed, error.Reason);
        Assert.DoesNotContain("hunter2", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("postgres://")]
    [InlineData("postgres://host:port/x")]
    [InlineData("postgres://h/d?no=such")]
    [InlineData("Host=x;Colour=blue")]
    [InlineData("Host=")]
    [InlineData("@/no/such/file")]
    public async Task Text_ThatMeansNothing_IsRefused(string text)
    {
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => StoreOpener.OpenAsync(text));
        Assert.Equal(BtmmErrorReason.InvalidValue, error.Reason);
        Assert.NotEmpty(error.Remedy);
    }

    [Fact]
    public void Address_InEitherForm_MeansTheSame()
    {
        NpgsqlConnectionStringBuilder uri = PostgresAddress.Complete("postgresql://b%40tmm@db.example.net:5433/zo%20nes?sslmode=require&passfile=/etc/btmm.pgpass");
        Assert.Equal(("db.example.net", 5433, "b@tmm", "zo nes", SslMode.Require, "/etc/btmm.pgpass"), (uri.Host, uri.Port, uri.Username, uri.Database, uri.SslMode, uri.Passfile));
        NpgsqlConnectionStringBuilder words = PostgresAddress.Complete("Host=/run/postgresql;Database=zones;Timeout=60");
        Assert.Equal(("/run/postgresql", "zones", 60), (words.Host, words.Database, words.Timeout));
        Assert.False(words.Pooling);
        Assert.Equal("/run/postgresql", PostgresAddress.Complete("postgres:///zones?host=/run/postgresql").Host);
    }
}
