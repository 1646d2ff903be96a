namespace Btmm.Interop.Tests.Dns;

/// <summary>The real time with a wall clock that is wrong.</summary>
internal sealed class SkewedTime(TimeSpan skew) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + skew;
}
