using System.Net;
using System.Net.Sockets;

namespace Btmm.TestKit;

/// <summary>TCP: connections are made or refused, bytes arrive in order, and nothing is lost.</summary>
public sealed partial class VirtualWire
{
    /// <summary>How long a host waits for the answer of a host that is not there, as Linux does.</summary>
    public static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(127);

    private readonly List<VirtualListener> _listeners = [];
    private readonly List<WireConnect> _connects = [];

    /// <summary>When set, only connections for which it returns true are tried; others meet silence.</summary>
    public Func<WireConnect, bool>? ConnectFilter { get; set; }

    /// <summary>Every try to connect so far, successful or not.</summary>
    public IReadOnlyList<WireConnect> Connects
    {
        get
        {
            lock (_gate) return [.. _connects];
        }
    }

    internal void Attach(VirtualListener listener)
    {
        lock (_gate)
        {
            if (_listeners.Exists(other => other.Accepts(listener.LocalEndPoint)))
                throw new SocketException((int)SocketError.AddressAlreadyInUse);
            _listeners.Add(listener);
        }
    }

    internal void Detach(VirtualListener listener)
    {
        lock (_gate) _listeners.Remove(listener);
    }

    internal async ValueTask<Stream> ConnectAsync(IPEndPoint from, IPEndPoint remote, CancellationToken cancellationToken)
    {
        IPEndPoint to = Plain(remote);
        WireConnect connect = new(from, to);
        bool carried;
        lock (_gate)
        {
            _connects.Add(connect);
            carried = _hosts.Contains(to.Address) && ConnectFilter?.Invoke(connect) != false;
        }

        if (!carried)
        {
            await Task.Delay(ConnectTimeout, _time, cancellationToken).ConfigureAwait(false);
            throw new SocketException((int)SocketError.TimedOut);
        }

        await Task.Delay(Conditions.Latency * 2, _time, cancellationToken).ConfigureAwait(false);
        cancellationToken.ThrowIfCancellationRequested();
        VirtualListener? listener;
        lock (_gate) listener = _listeners.Find(candidate => candidate.Accepts(to));
        (VirtualConnection ours, VirtualConnection theirs) = VirtualConnection.Pair(from, to, PassAsync);
        if (listener?.TryOffer(theirs) != true) throw new SocketException((int)SocketError.ConnectionRefused);
        return ours;
    }

    /// <summary>The way of some bytes through the network.</summary>
    private Task PassAsync(CancellationToken cancellationToken) => Task.Delay(Conditions.Latency, _time, cancellationToken);
}
