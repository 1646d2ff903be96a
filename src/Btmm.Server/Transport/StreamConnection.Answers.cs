using Btmm.Server.Hosting;
using Btmm.Server.Requests;

namespace Btmm.Server.Transport;

/// <content>Answers, at once and later.</content>
internal sealed partial class StreamConnection
{
    private async ValueTask AnswerInOrderAsync(ReadOnlyMemory<byte> message)
    {
        RequestWorkspace workspace = _context.Workspaces.Rent();
        try
        {
            int length = await _context.Handler.HandleAsync(message, this, workspace, _closed.Token).ConfigureAwait(false);
            // Without a length the handler has sent all there is to send by itself, or has ended the connection.
            if (length > 0)
                _sender.Append(workspace.Response.AsSpan(0, length));
        }
        finally
        {
            _context.Workspaces.Return(workspace);
        }
    }

    /// <summary>Begins an answer that has to wait; waits itself while too many do.</summary>
    private async ValueTask StartAnswerAsync(ReadOnlyMemory<byte> message)
    {
        if (!_places.Wait(0, CancellationToken.None))
        {
            await _sender.FlushAsync(_closed.Token).ConfigureAwait(false);
            await _places.WaitAsync(_reading.Token).ConfigureAwait(false);
        }

        _ = AnswerAsync(message.ToArray());
    }

    // Holds a place, which RunAsync waits for; never throws.
    private async Task AnswerAsync(byte[] message)
    {
        RequestWorkspace workspace = _context.Workspaces.Rent();
        try
        {
            int length = await _context.Handler.HandleAsync(message, this, workspace, _closed.Token).ConfigureAwait(false);
            if (length > 0)
                await _sender.SendAsync(workspace.Response.AsMemory(0, length), _closed.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The connection has ended.
        }
        catch (Exception error)
        {
            // One request that fails must not stop the service: it is reported, and its client sees the connection end.
            _context.Metrics.Add(ServerCount.RequestsFailed);
            ServerLog.Instance.RequestFailed(Origin.Client.ToString(), error.ToString());
            Abort();
        }
        finally
        {
            _context.Workspaces.Return(workspace);
            _places.Release();
        }
    }

    /// <summary>Whether everything under way was answered within a time.</summary>
    private async Task<bool> AllAnsweredAsync(TimeSpan within)
    {
        using var deadline = new CancellationTokenSource(within, _context.Clock.TimeProvider);
        int taken = 0;
        try
        {
            for (; taken < Limits.MaxRequestsPerConnection; taken++)
                await _places.WaitAsync(deadline.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        finally
        {
            if (taken > 0)
                _places.Release(taken);
        }
    }
}
