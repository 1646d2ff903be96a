namespace Btmm.Core.Contracts;

/// <summary>
/// One socket of an <see cref="IDatagramServer"/>: plain threads, blocking calls, whole batches of datagrams, each with its own
/// sender. One thread may receive while any number send, each with a batch of its own. What a client's network refuses concerns
/// that client alone: it is left out, never reported.
/// </summary>
public interface IDatagramPort
{
    /// <summary>Makes a batch for this server's ports; its owner uses it again and again.</summary>
    /// <param name="maxRequest">Bytes of the longest request; longer ones are cut off.</param>
    /// <param name="maxAnswer">Bytes of the longest answer.</param>
    DatagramBatch CreateBatch(int maxRequest, int maxAnswer);

    /// <summary>
    /// Waits for datagrams and fills the batch with them. Returns their number, 0 after <see cref="Interrupt"/>.
    /// </summary>
    int Receive(DatagramBatch batch);

    /// <summary>
    /// Sends the answers of a batch, those that have a length, each from the local address it is for. Returns how many the system
    /// took.
    /// </summary>
    int Send(DatagramBatch batch);

    /// <summary>Sends one datagram; false when the system did not take it.</summary>
    /// <param name="datagram">The datagram.</param>
    /// <param name="remote">To whom.</param>
    /// <param name="local">From which address, where there are several; the default leaves that to the system.</param>
    bool Send(ReadOnlySpan<byte> datagram, in PeerAddress remote, in PeerAddress local);

    /// <summary>Makes a blocked <see cref="Receive"/> return 0, now and for ever. Sending goes on.</summary>
    void Interrupt();
}
