using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Btmm.Core.Administration;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Core.SignOn;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Control;

namespace Btmm.Server.Tests;

public sealed class ControlTests : IAsyncLifetime
{
    private static readonly DnsName s_bob = DnsName.Parse("bob.members.example.net");
    private readonly string _directory = Directory.CreateTempSubdirectory("btmm-control-").FullName;
    private readonly BtmmAccount _alice = TestZones.NewAccount();
    private readonly TsigKey _key = new(DnsName.Parse("bob-key"), TsigAlgorithm.HmacSha256, [1, 2, 3, 4, 5, 6, 7, 8]);
    private ZoneService _service = null!;
    private ControlListener _listener = null!;

    private string SocketPath => Path.Combine(_directory, "run", "zone.sock");

    private ControlClient Client => new(SocketPath, new Dialer());

    public async ValueTask InitializeAsync()
    {
        _service = new ZoneService(TestZones.Options(_alice));
        await _service.StartAsync();
        _listener = ControlListener.Open(SocketPath, _service.Administration);
    }

    public async ValueTask DisposeAsync()
    {
        await _listener.DisposeAsync();
        await _service.DisposeAsync();
        _alice.Dispose();
        _key.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public async Task Client_EveryOperation_DoesWhatItSays()
    {
        ControlClient client = Client;
        ZoneServerInfo server = await client.GetServerAsync();
        Assert.Equal((Environment.ProcessId, "memory", 1), (server.ProcessId, server.Store, server.Zones));
        Assert.Equal(_service.Endpoints[0].ToString(), Assert.Single(server.Endpoints));
        Assert.Contains("Queries", server.Counters);

        ZoneInfo zone = await client.PutZoneAsync(new ZoneSettings(s_bob) { IsPublic = true, Quota = new ZoneQuota { MaxRecords = 50 } }, replace: false);
        Assert.Equal((s_bob, true, 50), (zone.Apex, zone.IsPublic, zone.Quota.MaxRecords));
        KeyInfo key = await client.PutKeyAsync(new KeySettings(_key, [KeyGrant.WholeZone(s_bob)]) { UpdatesPerMinute = 9 }, replace: false);
        Assert.Equal((_key.Name, "hmac-sha256", 8, 9), (key.Name, key.Algorithm, key.SecretLength, key.UpdatesPerMinute));
        Assert.Equal(DnsRcode.NoError, await ServiceClient.UpdateAsync(_service.Endpoints[0], s_bob, _key, Records.A(s_bob.Prepend("x"), "192.0.2.1")));
        Assert.Equal([_alice.Domain, s_bob], (await client.GetZonesAsync()).Select(item => item.Apex));
        Assert.Equal(2, (await client.GetKeysAsync()).Count);

        using var exported = new MemoryStream();
        await client.ExportZoneAsync(s_bob, exported);
        string text = Encoding.UTF8.GetString(exported.ToArray());
        Assert.Contains("192.0.2.1", text, StringComparison.Ordinal);
        using var changed = new MemoryStream(Encoding.UTF8.GetBytes(text.Replace("192.0.2.1", "192.0.2.2", StringComparison.Ordinal)));
        ZoneImport import = await client.ImportZoneAsync(s_bob, changed);
        Assert.Equal((1, 1), (import.Added, import.Removed));

        await client.RemoveKeyAsync(_key.Name);
        await client.RemoveZoneAsync(s_bob);
        Assert.Equal([_alice.Domain], (await client.GetZonesAsync()).Select(item => item.Apex));
    }

    [Fact]
    public async Task Client_FailureOfTheService_ArrivesAsItsReason()
    {
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => Client.RemoveZoneAsync(s_bob));
        Assert.Equal(BtmmErrorReason.NameNotFound, error.Reason);
        Assert.Contains("bob.members.example.net", error.Message, StringComparison.Ordinal);
        Assert.NotEmpty(error.Remedy);
    }

    [Fact]
    public async Task Client_NobodyThere_SaysWhatToDo()
    {
        var client = new ControlClient(Path.Combine(_directory, "none.sock"), new Dialer());
        BtmmException error = await Assert.ThrowsAsync<BtmmException>(() => client.GetServerAsync());
        Assert.Equal(BtmmErrorReason.Unreachable, error.Reason);
        Assert.Contains("--control", error.Remedy, StringComparison.Ordinal);
    }

    [Fact]
    public void Socket_Mode_IsItsOwnersAlone()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no such modes.");
        if (OperatingSystem.IsWindows())
            return;
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(SocketPath));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(Path.GetDirectoryName(SocketPath)!));
    }

    [Fact]
    public async Task Socket_OfADeadService_IsReplacedAndOneInUseIsNot()
    {
        BtmmException busy = Assert.Throws<BtmmException>(() => ControlListener.Open(SocketPath, _service.Administration));
        Assert.Equal(BtmmErrorReason.ResourceBusy, busy.Reason);
        Assert.Equal(1, (await Client.GetServerAsync()).Zones);

        string dead = Path.Combine(_directory, "dead.sock");
        using (var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            socket.Bind(new UnixDomainSocketEndPoint(dead));
            File.Move(dead, dead + ".kept"); // closing it would remove it
        }

        File.Move(dead + ".kept", dead);
        await using ControlListener again = ControlListener.Open(dead, _service.Administration);
        Assert.Equal(1, (await new ControlClient(dead, new Dialer()).GetServerAsync()).Zones);
    }

    [Fact]
    public async Task Socket_AfterDispose_IsGone()
    {
        await _listener.DisposeAsync();
        Assert.Empty(Directory.GetFileSystemEntries(Path.GetDirectoryName(SocketPath)!));
    }

    [Fact]
    public void Open_PathTooLong_SaysSo() =>
        Assert.Equal(
            BtmmErrorReason.InvalidValue,
            Assert.Throws<BtmmException>(() => ControlListener.Open(Path.Combine(_directory, new string('x', 120)), _service.Administration)).Reason);

    [Theory]
    [InlineData("")]
    [InlineData("x")]
    [InlineData("{")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{\"operation\":\"Fly\"}")]
    [InlineData("{\"operation\":\"PutZone\",\"zone\":{\"apex\":\"..\"}}")]
    [InlineData("{\"operation\":\"PutZone\",\"zone\":{\"apex\":null}}")]
    [InlineData("{\"operation\":\"PutKey\",\"key\":{\"name\":\"x\"}}")]
    public async Task Request_Nonsense_EndsTheConnectionAndNothingElse(string json)
    {
        await AssertHungUpAsync(Framed(Encoding.UTF8.GetBytes(json)));
        Assert.Equal(1, (await Client.GetServerAsync()).Zones);
    }

    [Theory]
    [InlineData("{\"operation\":\"None\"}")]
    [InlineData("{\"operation\":\"PutZone\"}")]
    [InlineData("{\"operation\":\"RemoveZone\",\"zone\":{\"apex\":\"a.b\"}}")]
    [InlineData("{\"operation\":\"PutKey\",\"key\":{\"name\":\"x\",\"algorithm\":\"rot13\",\"secret\":\"AAAA\",\"grants\":[]}}")]
    public async Task Request_Incomplete_IsAnsweredWithTheReason(string json)
    {
        await using Stream stream = await new Dialer().ConnectAsync(SocketPath, CancellationToken.None);
        await stream.WriteAsync(Framed(Encoding.UTF8.GetBytes(json)));
        ControlReply? reply = await ControlChannel.ReadReplyAsync(stream, CancellationToken.None);
        Assert.Equal(BtmmErrorReason.InvalidValue, reply?.Reason);
    }

    [Fact]
    public async Task Request_LengthBeyondTheLimit_EndsTheConnection()
    {
        byte[] prefix = new byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(prefix, ControlChannel.MaxLength + 1);
        await AssertHungUpAsync(prefix);
        await AssertHungUpAsync([0, 0, 0, 0]);
    }

    [Fact]
    public async Task Request_MutatedAHundredThousandTimes_LeavesTheServiceAsItIs()
    {
        byte[] good = Encoding.UTF8.GetBytes("{\"operation\":\"GetZones\",\"name\":\"a.b\",\"zone\":{\"apex\":\"b.c\",\"quota\":{\"maxRecords\":50}},\"replace\":true}");
        var random = new Random(20261126);
        for (int round = 0; round < 100_000; round++)
        {
            byte[] bad = [.. good];
            for (int i = random.Next(1, 4); i > 0; i--)
                bad[random.Next(bad.Length)] = (byte)random.Next(256);
            using var stream = new MemoryStream(Framed(bad));
            try
            {
                if (await ControlChannel.ReadRequestAsync(stream, CancellationToken.None) is { Operation: not ControlOperation.PutZone } request)
                    await new ControlDispatcher(_service.Administration).AnswerAsync(request, CancellationToken.None);
            }
            catch (System.Text.Json.JsonException)
            {
                continue; // that is what it is to say
            }
        }

        Assert.Single(await _service.Administration.GetZonesAsync());
    }

    private static byte[] Framed(byte[] content)
    {
        byte[] framed = new byte[4 + content.Length];
        BinaryPrimitives.WriteInt32BigEndian(framed, content.Length);
        content.CopyTo(framed, 4);
        return framed;
    }

    private async Task AssertHungUpAsync(byte[] bytes)
    {
        await using Stream stream = await new Dialer().ConnectAsync(SocketPath, CancellationToken.None);
        await stream.WriteAsync(bytes);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        try
        {
            Assert.Equal(0, await stream.ReadAsync(new byte[1], patience.Token));
        }
        catch (IOException error) when (error.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            Assert.False(patience.IsCancellationRequested);
        }
    }

    private sealed class Dialer : ILocalStreamDialer
    {
        public async ValueTask<Stream> ConnectAsync(string path, CancellationToken cancellationToken)
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
    }
}
