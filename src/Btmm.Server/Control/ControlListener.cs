using System.Net.Sockets;
using System.Text.Json;
using Btmm.Core.Administration;
using Btmm.Core.Diagnostics;
using Btmm.Server.Hosting;

namespace Btmm.Server.Control;

/// <summary>
/// The control socket of a running service: a Unix domain socket that its owner alone, and root, can use. Few connections,
/// each with a deadline for its next request. Disposed by its owner before the service.
/// </summary>
public sealed class ControlListener : IAsyncDisposable
{
    private const int MaxConnections = 8;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static readonly TimeSpan s_requestTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_stopTimeout = TimeSpan.FromSeconds(2);

    private readonly Socket _socket;
    private readonly ControlDispatcher _dispatcher;
    private readonly CancellationTokenSource _stopping = new();
    private readonly SemaphoreSlim _places = new(MaxConnections, MaxConnections);
    private readonly Task _accepting;

    private ControlListener(Socket socket, string path, IZoneAdministration administration)
    {
        _socket = socket;
        Path = path;
        _dispatcher = new ControlDispatcher(administration);
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>The socket's path.</summary>
    public string Path { get; }

    /// <summary>Opens the socket and begins to answer; a socket that a dead service left is replaced.</summary>
    /// <param name="path">Where; the directory is made when missing.</param>
    /// <param name="administration">What is controlled.</param>
    /// <exception cref="BtmmException">ResourceBusy: another service answers there; InvalidValue; PermissionDenied.</exception>
    public static ControlListener Open(string path, IZoneAdministration administration)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(administration);
        string full = System.IO.Path.GetFullPath(path);
        if (System.Text.Encoding.UTF8.GetByteCount(full) > ControlSocket.MaxPathLength)
            throw new BtmmException(BtmmErrorReason.InvalidValue, $"The control socket's path {full} is too long.", $"Give a path of at most {ControlSocket.MaxPathLength} bytes.");
        try
        {
            return new ControlListener(Bind(full), full, administration);
        }
        catch (Exception error) when (error is SocketException or IOException or UnauthorizedAccessException)
        {
            throw new BtmmException(BtmmErrorReason.PermissionDenied, $"The control socket {full} cannot be made: {error.Message}", "Give a path in a directory that this user may write.", error);
        }
    }

    /// <summary>Closes the socket and the connections; waits for requests under way, at most two seconds.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
            return;
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _accepting.WaitAsync(s_stopTimeout).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        for (int i = 0; i < MaxConnections; i++)
        {
            if (!await _places.WaitAsync(s_stopTimeout).ConfigureAwait(false))
                break;
        }

        File.Delete(Path);
        _socket.Dispose();
    }

    private static Socket Bind(string path)
    {
        string directory = System.IO.Path.GetDirectoryName(path) ?? "/";
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(directory);
        else
            Directory.CreateDirectory(directory, OwnerOnly | UnixFileMode.UserExecute);
        if (File.Exists(path))
            RemoveStale(path);

        // Made under another name, so that nobody can connect before the mode is right.
        string made = path + ".new";
        File.Delete(made);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(made));
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(made, OwnerOnly);
            socket.Listen(MaxConnections);
            File.Move(made, path);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void RemoveStale(string path)
    {
        using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionRefused)
        {
            File.Delete(path);
            return;
        }

        throw new BtmmException(BtmmErrorReason.ResourceBusy, $"Another service answers at the control socket {path}.", "Stop it, or choose another path.");
    }

    private async Task AcceptAsync()
    {
        while (!_stopping.IsCancellationRequested)
        {
            try
            {
                await _places.WaitAsync(_stopping.Token).ConfigureAwait(false);
                Socket connection = await AcceptOneAsync().ConfigureAwait(false);
                _ = Task.Run(() => ServeAsync(connection), CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task<Socket> AcceptOneAsync()
    {
        try
        {
            while (true)
            {
                Socket connection = await _socket.AcceptAsync(_stopping.Token).ConfigureAwait(false);
                if (PeerCredentials.IsTrusted(connection))
                    return connection;
                connection.Dispose();
            }
        }
        catch
        {
            _places.Release();
            throw;
        }
    }

    // A connection that fails, is too slow or sends nonsense ends; that concerns its operator only.
    private async Task ServeAsync(Socket connection)
    {
        try
        {
            var stream = new NetworkStream(connection, ownsSocket: true);
            await using (stream.ConfigureAwait(false))
            {
                while (await AnswerAsync(stream).ConfigureAwait(false))
                {
                }
            }
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or JsonException)
        {
            ServerLog.Instance.ControlEnded(error.Message);
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task<bool> AnswerAsync(Stream stream)
    {
        ControlRequest? request;
        using (var waiting = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token))
        {
            waiting.CancelAfter(s_requestTimeout);
            request = await ControlChannel.ReadRequestAsync(stream, waiting.Token).ConfigureAwait(false);
        }

        if (request is null)
            return false;
        ControlReply reply = await _dispatcher.AnswerAsync(request, _stopping.Token).ConfigureAwait(false);
        using var writing = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        writing.CancelAfter(s_requestTimeout);
        await ControlChannel.WriteAsync(stream, reply, writing.Token).ConfigureAwait(false);
        return true;
    }
}
