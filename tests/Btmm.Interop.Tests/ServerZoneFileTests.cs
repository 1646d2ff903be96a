using Btmm.Protocol.Dns;
using Btmm.TestKit;

namespace Btmm.Interop.Tests;

/// <summary>Zone files of the embedded zone service, and the tools of BIND and Knot that check and make such files.</summary>
public sealed class ServerZoneFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-zone-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Export_WholeZone_IsAcceptedByNamedCheckzoneAndKzonecheck()
    {
        Assert.SkipUnless(Command.Exists("named-checkzone") && Command.Exists("kzonecheck"), "named-checkzone or kzonecheck is not installed.");
        await using ServerFixture server = await ServerFixture.StartAsync();
        await ImportAsync(server, ServerZoneText.EveryType);
        string path = await ExportAsync(server);

        CommandResult bind = Command.Run("named-checkzone", ["-k", "fail", ServerFixture.Domain, path]);
        Assert.True(bind.Succeeded && bind.Output.Contains($"loaded serial {server.Serial}", StringComparison.Ordinal), bind.Output + bind.Error);
        Assert.DoesNotContain("warning", bind.Output + bind.Error, StringComparison.OrdinalIgnoreCase);
        CommandResult knot = Command.Run("kzonecheck", ["-o", ServerFixture.Domain, path]);
        Assert.True(knot.Succeeded, knot.Output + knot.Error);
    }

    [Fact]
    public async Task Import_WhatNamedCompilezoneWrote_GivesTheSameZone()
    {
        Assert.SkipUnless(Command.Exists("named-compilezone"), "named-compilezone is not installed.");
        await using ServerFixture server = await ServerFixture.StartAsync();
        await ImportAsync(server, ServerZoneText.EveryType);
        string path = await ExportAsync(server);
        foreach (string style in new[] { "full", "relative" })
        {
            string written = Path.Combine(_directory, style);
            Command.Run("named-compilezone", ["-i", "none", "-s", style, "-o", written, ServerFixture.Domain, path]).Require();
            uint serial = server.Serial;
            await using FileStream file = File.OpenRead(written);
            Assert.Equal((0, 0, serial), await ImportAsync(server, file));
        }
    }

    private static Task<(int Added, int Removed, uint Serial)> ImportAsync(ServerFixture server, string text) =>
        ImportAsync(server, new MemoryStream(System.Text.Encoding.UTF8.GetBytes(text)));

    private static async Task<(int Added, int Removed, uint Serial)> ImportAsync(ServerFixture server, Stream file)
    {
        Core.Administration.ZoneImport done = await server.Service.ImportZoneAsync(DnsName.Parse(ServerFixture.Domain), file);
        return (done.Added, done.Removed, done.Serial);
    }

    private async Task<string> ExportAsync(ServerFixture server)
    {
        string path = Path.Combine(_directory, "zone");
        await using FileStream file = File.Create(path);
        await server.Service.ExportZoneAsync(DnsName.Parse(ServerFixture.Domain), file);
        return path;
    }
}
