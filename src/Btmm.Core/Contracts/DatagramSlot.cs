namespace Btmm.Core.Contracts;

/// <summary>One datagram of a <see cref="DatagramBatch"/> and the answer to it.</summary>
public struct DatagramSlot
{
    /// <summary>Who sent it, and whom the answer is for.</summary>
    public PeerAddress Remote;

    /// <summary>
    /// The address of ours that it was sent to, from which the answer goes; its port means nothing. The default where the socket
    /// has one address only, or the system does not tell.
    /// </summary>
    public PeerAddress Local;

    /// <summary>Bytes received.</summary>
    public int RequestLength;

    /// <summary>Bytes to send, 0 for none.</summary>
    public int AnswerLength;
}
