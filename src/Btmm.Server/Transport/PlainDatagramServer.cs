using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Server.Hosting;

namespace Btmm.Server.Transport;

/// <summary>
/// A UDP socket of the class library: one thread, one datagram a call. The system chooses the source address of answers by its
/// routes. One thread receives, any number send.
/// </summary>
internal sealed class PlainDatagramServer : IDatagramServer, IDatagramPort
{
    // Bursts of updates and acknowledgements must not be lost while one request is worked on.
    private const int ReceiveBuffer = 1 << 20;
    private const int WindowsIgnoreConnectionReset = unchecked((int)0x9800000C);

    // In case the datagram that wakes the receiver is lost.
    private static readonly TimeSpan s_interruptCheck = TimeSpan.FromSeconds(1);

    private readonly Socket _socket;
    private readonly IPEndPoint _any;
    private volatile bool _interrupted;

    internal PlainDatagramServer(Socket boundSocket)
    {
        _socket = boundSocket;
        _socket.ReceiveBufferSize = ReceiveBuffer;
        LocalEndPoint = (IPEndPoint)boundSocket.LocalEndPoint!; // bound by the caller
        _any = new IPEndPoint(LocalEndPoint.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0);

        // Windows reports a client's ICMP port-unreachable as an error of the next receive; it concerns that client only.
        if (OperatingSystem.IsWindows())
            _socket.IOControl(WindowsIgnoreConnectionReset, [0, 0, 0, 0], null);
    }

    public IPEndPoint LocalEndPoint { get; }

    public IReadOnlyList<IDatagramPort> Ports => [this];

    public DatagramBatch CreateBatch(int maxRequest, int maxAnswer) => new(capacity: 1, maxRequest, maxAnswer);

    public int Receive(DatagramBatch batch)
    {
        batch.Count = 0;
        while (!_interrupted && batch.Count == 0)
        {
            try
            {
                if (!_socket.Poll(s_interruptCheck, SelectMode.SelectRead) || _interrupted)
                    continue;
                EndPoint from = _any;
                int length = _socket.ReceiveFrom(batch.Requests.AsSpan(batch.RequestOffset(0), batch.MaxRequest), SocketFlags.None, ref from);
                batch[0] = new DatagramSlot { Remote = PeerAddress.From((IPEndPoint)from), RequestLength = length };
                batch.Count = 1;
            }
            catch (SocketException error)
            {
                // A datagram that is too long (Windows), or a late ICMP error.
                ServerLog.Instance.SocketFailed(LocalEndPoint.ToString(), error.Message);
            }
        }

        return batch.Count;
    }

    public int Send(DatagramBatch batch)
    {
        int sent = 0;
        for (int i = 0; i < batch.Count; i++)
        {
            if (batch[i].AnswerLength > 0 && Send(batch.Answer(i)[..batch[i].AnswerLength], batch[i].Remote, batch[i].Local))
                sent++;
        }

        return sent;
    }

    public bool Send(ReadOnlySpan<byte> datagram, in PeerAddress remote, in PeerAddress local)
    {
        try
        {
            return _socket.SendTo(datagram, SocketFlags.None, remote.ToEndPoint()) == datagram.Length;
        }
        catch (SocketException error)
        {
            // A reply that cannot be routed concerns that client only.
            ServerLog.Instance.SocketFailed(LocalEndPoint.ToString(), error.Message);
            return false;
        }
    }

    public void Interrupt()
    {
        if (_interrupted)
            return;
        _interrupted = true;
        bool isWildcard = LocalEndPoint.Address.Equals(_any.Address);
        IPAddress loopback = LocalEndPoint.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Loopback : IPAddress.IPv6Loopback;
        Send([], PeerAddress.From(isWildcard ? new IPEndPoint(loopback, LocalEndPoint.Port) : LocalEndPoint), default);
    }

    public void Dispose() => _socket.Dispose();
}
