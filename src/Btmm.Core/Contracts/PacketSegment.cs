namespace Btmm.Core.Contracts;

/// <summary>A packet's place in a <see cref="PacketBatch"/>.</summary>
public struct PacketSegment
{
    /// <summary>First byte.</summary>
    public int Offset;

    /// <summary>Bytes.</summary>
    public int Length;

    /// <summary>Index into <see cref="PacketBatch.Remotes"/>, when the segment came from a socket.</summary>
    public int Remote;
}
