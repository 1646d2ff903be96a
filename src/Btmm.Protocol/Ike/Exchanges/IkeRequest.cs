using System.Net;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>The request that waits for its response.</summary>
internal sealed class IkeRequest(IkeTask task, uint messageId, byte[] bytes)
{
    public IkeTask Task { get; } = task;

    public uint MessageId { get; } = messageId;

    public byte[] Bytes { get; } = bytes;

    /// <summary>Transmissions since the start or the last change of paths.</summary>
    public int Attempts { get; set; }

    /// <summary>All transmissions.</summary>
    public int Total { get; set; }

    public TimeSpan RetransmitAt { get; set; }

    public TimeSpan GiveUpAt { get; set; }

    /// <summary>Where it has been sent.</summary>
    public List<IPEndPoint> SentTo { get; } = [];
}
