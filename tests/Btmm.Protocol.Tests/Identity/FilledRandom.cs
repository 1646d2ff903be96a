namespace Btmm.Protocol.Tests.Identity;

internal sealed class FilledRandom(byte value) : IRandomSource
{
    public void Fill(Span<byte> destination) => destination.Fill(value);
}
