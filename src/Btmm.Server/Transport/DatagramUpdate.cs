using Btmm.Core.Contracts;
using Btmm.Protocol.Dns;
using Btmm.Server.Requests;

namespace Btmm.Server.Transport;

/// <summary>One update on its way through the store, with its buffers; used again and again.</summary>
internal sealed class DatagramUpdate(DatagramUpdates owner, RequestHandler handler) : IThreadPoolWorkItem
{
    private readonly RequestWorkspace _workspace = new();
    private byte[] _request = new byte[DnsMessage.ClassicUdpSize];
    private int _length;
    private RequestOrigin _origin;
    private IDatagramPort? _port;
    private PeerAddress _local;

    /// <summary>Takes a request, whose bytes are copied.</summary>
    internal void Set(ReadOnlySpan<byte> request, in RequestOrigin origin, IDatagramPort port, in PeerAddress local, TimeSpan receivedAt)
    {
        if (_request.Length < request.Length)
            _request = new byte[request.Length];
        request.CopyTo(_request);
        _length = request.Length;
        _origin = origin;
        _port = port;
        _local = local;
        _workspace.ReceivedAt = receivedAt;
    }

    public void Execute() => _ = RunAsync();

    private async Task RunAsync()
    {
        try
        {
            // Not to be cancelled: what was received before the service stops is answered.
            int answer = await handler.HandleAsync(_request.AsMemory(0, _length), _origin, peer: null, _workspace, CancellationToken.None).ConfigureAwait(false);
            if (answer > 0)
                _port?.Send(_workspace.Response.AsSpan(0, answer), _origin.Address, _local);
        }
        catch (OperationCanceledException)
        {
            // The store was closed before: the sender repeats it elsewhere or later.
        }
        catch (Exception error)
        {
            DatagramUpdates.Report(_origin, error);
        }
        finally
        {
            owner.Finished(this);
        }
    }
}
