namespace Btmm.Protocol.Tests.NatTraversal;

/// <summary>Random numbers that are always the middle of their range, so that waits are what they are without chance.</summary>
internal sealed class MiddleRandom : IRandomSource
{
    public void Fill(Span<byte> destination)
    {
        destination.Clear();
        if (!destination.IsEmpty) destination[0] = 0x80;
    }
}
