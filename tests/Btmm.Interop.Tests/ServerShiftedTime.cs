namespace Btmm.Interop.Tests;

/// <summary>The system's clock, but wrong by a fixed amount.</summary>
internal sealed class ServerShiftedTime(TimeSpan shift) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + shift;
}
