using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Administration;

/// <summary>The operator's end of a zone service's control socket: one connection a call. Thread-safe.</summary>
public sealed class ControlClient : IZoneAdministration
{
    private readonly string _path;
    private readonly ILocalStreamDialer _dialer;

    /// <summary>Makes a client; connects to nothing yet.</summary>
    /// <param name="path">The socket.</param>
    /// <param name="dialer">Connects.</param>
    public ControlClient(string path, ILocalStreamDialer dialer)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        _path = path;
        _dialer = dialer;
    }

    /// <inheritdoc/>
    public async Task<ZoneServerInfo> GetServerAsync(CancellationToken cancellationToken = default) =>
        (await AskAsync(new ControlRequest { Operation = ControlOperation.GetServer }, cancellationToken).ConfigureAwait(false)).Server ?? throw Unfit();

    /// <inheritdoc/>
    public async Task<IReadOnlyList<ZoneInfo>> GetZonesAsync(CancellationToken cancellationToken = default) =>
        (await AskAsync(new ControlRequest { Operation = ControlOperation.GetZones }, cancellationToken).ConfigureAwait(false)).Zones ?? throw Unfit();

    /// <inheritdoc/>
    public async Task<ZoneInfo> PutZoneAsync(ZoneSettings settings, bool replace, CancellationToken cancellationToken = default)
    {
        var request = new ControlRequest { Operation = ControlOperation.PutZone, Zone = settings, Replace = replace };
        return (await AskAsync(request, cancellationToken).ConfigureAwait(false)).Zones is [var zone] ? zone : throw Unfit();
    }

    /// <inheritdoc/>
    public Task RemoveZoneAsync(DnsName apex, CancellationToken cancellationToken = default) =>
        AskAsync(new ControlRequest { Operation = ControlOperation.RemoveZone, Name = apex }, cancellationToken);

    /// <inheritdoc/>
    public async Task<IReadOnlyList<KeyInfo>> GetKeysAsync(CancellationToken cancellationToken = default) =>
        (await AskAsync(new ControlRequest { Operation = ControlOperation.GetKeys }, cancellationToken).ConfigureAwait(false)).Keys ?? throw Unfit();

    /// <inheritdoc/>
    public async Task<KeyInfo> PutKeyAsync(KeySettings settings, bool replace, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(settings);
        byte[] secret = GC.AllocateUninitializedArray<byte>(settings.Key.SecretLength, pinned: true);
        try
        {
            settings.Key.CopySecretTo(secret);
            var key = new ControlKey
            {
                Name = settings.Key.Name,
                Algorithm = settings.Key.Algorithm.Name,
                Secret = secret,
                Grants = [.. settings.Grants],
                UpdatesPerMinute = settings.UpdatesPerMinute,
            };
            ControlReply reply = await AskAsync(new ControlRequest { Operation = ControlOperation.PutKey, Key = key, Replace = replace }, cancellationToken).ConfigureAwait(false);
            return reply.Keys is [var info] ? info : throw Unfit();
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <inheritdoc/>
    public Task RemoveKeyAsync(DnsName name, CancellationToken cancellationToken = default) =>
        AskAsync(new ControlRequest { Operation = ControlOperation.RemoveKey, Name = name }, cancellationToken);

    /// <inheritdoc/>
    public async Task ExportZoneAsync(DnsName apex, Stream file, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        ControlReply reply = await AskAsync(new ControlRequest { Operation = ControlOperation.ExportZone, Name = apex }, cancellationToken).ConfigureAwait(false);
        await file.WriteAsync(reply.File ?? throw Unfit(), cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async Task<ZoneImport> ImportZoneAsync(DnsName apex, Stream file, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        using var content = new MemoryStream();
        await file.CopyToAsync(content, cancellationToken).ConfigureAwait(false);
        var request = new ControlRequest { Operation = ControlOperation.ImportZone, Name = apex, File = content.ToArray() };
        return (await AskAsync(request, cancellationToken).ConfigureAwait(false)).Import ?? throw Unfit();
    }

    private async Task<ControlReply> AskAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        try
        {
            Stream stream = await _dialer.ConnectAsync(_path, cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                await ControlChannel.WriteAsync(stream, request, cancellationToken).ConfigureAwait(false);
                ControlReply reply = await ControlChannel.ReadReplyAsync(stream, cancellationToken).ConfigureAwait(false) ?? throw Hung();
                return reply.Reason is { } reason ? throw new BtmmException(reason, reply.Message ?? "", reply.Remedy ?? "") : reply;
            }
        }
        catch (SocketException error)
        {
            throw error.SocketErrorCode == SocketError.AccessDenied
                ? new BtmmException(BtmmErrorReason.PermissionDenied, $"The control socket {_path} is another user's.", "Run as the zone service's user or as root.", error)
                : new BtmmException(BtmmErrorReason.Unreachable, $"No zone service listens at {_path}.", "Start one with a control socket (btmmd zone --control), or give -ControlPath.", error);
        }
        catch (IOException error)
        {
            throw Hung(error);
        }
        catch (JsonException)
        {
            throw Unfit();
        }
    }

    private BtmmException Hung(Exception? cause = null) => new(
        BtmmErrorReason.Unreachable, $"The zone service at {_path} closed the control connection.", "Run as the service's user or as root, and see the service's messages.", cause);

    private BtmmException Unfit() => new(
        BtmmErrorReason.MalformedReply, $"What answers at {_path} is no zone service of this version.", "Use the same version on both sides.");
}
