namespace Btmm.Core.Contracts;

/// <summary>
/// A layer-3 virtual interface, on the packet path: plain threads, blocking calls, whole batches.
/// One thread may read while any number write.
/// </summary>
public interface ITunDevice : IDisposable
{
    /// <summary>The interface's name.</summary>
    string Name { get; }

    /// <summary>The interface's index.</summary>
    int InterfaceIndex { get; }

    /// <summary>The largest IP packet in bytes.</summary>
    int Mtu { get; }

    /// <summary>
    /// Waits for IP packets and appends them to the batch, which is empty. Returns the number of segments, 0 after
    /// <see cref="Interrupt"/>.
    /// </summary>
    /// <exception cref="Btmm.Core.Diagnostics.BtmmException">The interface has vanished (TunUnavailable).</exception>
    int Read(PacketBatch batch);

    /// <summary>
    /// Delivers every segment of the batch to the host; each has at least 16 free bytes in front. The segments' bytes are
    /// undefined afterwards. Returns how many the kernel took.
    /// </summary>
    int Write(PacketBatch batch);

    /// <summary>Makes a blocked <see cref="Read"/> return 0, now and for ever.</summary>
    void Interrupt();
}
