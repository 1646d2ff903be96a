namespace Btmm.Protocol.Tests.Ike;

/// <summary>Gives exactly the fills it was told.</summary>
internal sealed class ScriptedRandom(params byte[][] fills) : IRandomSource
{
    private int _next;

    public void Fill(Span<byte> destination) => fills[_next++].CopyTo(destination);
}
