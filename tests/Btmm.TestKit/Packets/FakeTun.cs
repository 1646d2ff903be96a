using Btmm.Core.Contracts;

namespace Btmm.TestKit.Packets;

/// <summary>A TUN device in memory: the test is the host behind it. Thread-safe.</summary>
public sealed class FakeTun : ITunDevice
{
    private readonly object _gate = new();
    private readonly Queue<byte[]> _fromHost = new();
    private readonly List<byte[]> _toHost = [];
    private bool _interrupted;

    /// <inheritdoc/>
    public string Name { get; init; } = "fake0";

    /// <inheritdoc/>
    public int InterfaceIndex => 1;

    /// <inheritdoc/>
    public int Mtu { get; init; } = 1400;

    /// <summary>When set, reading fails with it.</summary>
    public Exception? Failure { get; set; }

    /// <summary>Whether <see cref="Dispose"/> was called.</summary>
    public bool IsDisposed { get; private set; }

    /// <summary>The host sends packets; one <see cref="Read"/> gives as many of them as its batch holds.</summary>
    public void Inject(params byte[][] packets)
    {
        lock (_gate)
        {
            foreach (byte[] packet in packets) _fromHost.Enqueue(packet);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>What the host has received so far, in order.</summary>
    public byte[][] Received()
    {
        lock (_gate) return [.. _toHost];
    }

    /// <summary>Waits until the host has received so many packets; returns all.</summary>
    /// <exception cref="TimeoutException">They did not come within 30 seconds.</exception>
    public byte[][] WaitReceived(int count)
    {
        long deadline = Environment.TickCount64 + 30_000;
        lock (_gate)
        {
            while (_toHost.Count < count)
            {
                if (!Monitor.Wait(_gate, (int)Math.Max(0, deadline - Environment.TickCount64)))
                    throw new TimeoutException($"{_toHost.Count} of {count} packets received.");
            }
            return [.. _toHost];
        }
    }

    /// <inheritdoc/>
    public int Read(PacketBatch batch)
    {
        lock (_gate)
        {
            while (!_interrupted && _fromHost.Count == 0 && Failure is null) Monitor.Wait(_gate);
            if (_interrupted) return 0;
            if (Failure is not null) throw Failure;
            while (_fromHost.TryPeek(out byte[]? packet) && batch.TryAppend(packet)) _fromHost.Dequeue();
            return batch.Count;
        }
    }

    /// <inheritdoc/>
    public int Write(PacketBatch batch)
    {
        lock (_gate)
        {
            for (int i = 0; i < batch.Count; i++)
            {
                if (batch[i].Offset < 16) throw new InvalidOperationException("A packet has no room in front.");
                _toHost.Add(batch.Span(i).ToArray());
            }
            Monitor.PulseAll(_gate);
            return batch.Count;
        }
    }

    /// <inheritdoc/>
    public void Interrupt()
    {
        lock (_gate)
        {
            _interrupted = true;
            Monitor.PulseAll(_gate);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => IsDisposed = true;
}
