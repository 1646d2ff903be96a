using System.Security.Cryptography;
using Btmm.Core.Administration;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Hosting;

namespace Btmm.Server.Control;

/// <summary>From a control request to its reply. Thread-safe.</summary>
internal sealed class ControlDispatcher(IZoneAdministration administration)
{
    // Leaves room for what base64 and JSON add.
    private const int MaxFile = ControlChannel.MaxLength / 4 * 3 - 4096;

    internal async Task<ControlReply> AnswerAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await RunAsync(request, cancellationToken).ConfigureAwait(false);
        }
        catch (BtmmException error)
        {
            return new ControlReply { Reason = error.Reason, Message = error.Message, Remedy = error.Remedy };
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            ServerLog.Instance.RequestFailed("control", error.ToString());
            return new ControlReply { Reason = BtmmErrorReason.InternalError, Message = error.Message, Remedy = "See the service's messages." };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(request.Key?.Secret);
        }
    }

    private async Task<ControlReply> RunAsync(ControlRequest request, CancellationToken cancellationToken)
    {
        switch (request.Operation)
        {
            case ControlOperation.GetServer:
                return new ControlReply { Server = await administration.GetServerAsync(cancellationToken).ConfigureAwait(false) };
            case ControlOperation.GetZones:
                return new ControlReply { Zones = [.. await administration.GetZonesAsync(cancellationToken).ConfigureAwait(false)] };
            case ControlOperation.GetKeys:
                return new ControlReply { Keys = [.. await administration.GetKeysAsync(cancellationToken).ConfigureAwait(false)] };
            case ControlOperation.PutZone when request.Zone is { } zone:
                return new ControlReply { Zones = [await administration.PutZoneAsync(zone, request.Replace, cancellationToken).ConfigureAwait(false)] };
            case ControlOperation.RemoveZone when request.Name is { } name:
                await administration.RemoveZoneAsync(name, cancellationToken).ConfigureAwait(false);
                return new ControlReply();
            case ControlOperation.PutKey when request.Key is { } key:
                return await PutKeyAsync(key, request.Replace, cancellationToken).ConfigureAwait(false);
            case ControlOperation.RemoveKey when request.Name is { } name:
                await administration.RemoveKeyAsync(name, cancellationToken).ConfigureAwait(false);
                return new ControlReply();
            case ControlOperation.ExportZone when request.Name is { } name:
                return await ExportAsync(name, cancellationToken).ConfigureAwait(false);
            case ControlOperation.ImportZone when request.Name is { } name && request.File is { } file:
                using (var content = new MemoryStream(file, writable: false))
                    return new ControlReply { Import = await administration.ImportZoneAsync(name, content, cancellationToken).ConfigureAwait(false) };
            default:
                throw new BtmmException(BtmmErrorReason.InvalidValue, "The control request is not complete.", "Use the same version on both sides.");
        }
    }

    private async Task<ControlReply> PutKeyAsync(ControlKey sent, bool replace, CancellationToken cancellationToken)
    {
        if (!TsigAlgorithm.TryParse(sent.Algorithm, out TsigAlgorithm? algorithm) || sent.Secret.Length == 0)
            throw new BtmmException(BtmmErrorReason.InvalidValue, "The key's algorithm or secret cannot be used.", "Use hmac-sha256 and a secret that is not empty.");
        using var key = new TsigKey(sent.Name, algorithm, sent.Secret, allowLegacy: true); // the operator's own cmdlet asked for the switch
        KeyInfo info = await administration.PutKeyAsync(new KeySettings(key, sent.Grants) { UpdatesPerMinute = sent.UpdatesPerMinute }, replace, cancellationToken).ConfigureAwait(false);
        return new ControlReply { Keys = [info] };
    }

    private async Task<ControlReply> ExportAsync(DnsName apex, CancellationToken cancellationToken)
    {
        using var content = new MemoryStream();
        await administration.ExportZoneAsync(apex, content, cancellationToken).ConfigureAwait(false);
        return content.Length <= MaxFile
            ? new ControlReply { File = content.ToArray() }
            : throw new BtmmException(BtmmErrorReason.InvalidValue, $"The zone {apex} is too large for the control socket.", "Use a zone transfer (dig AXFR) with a key that may transfer it.");
    }
}
