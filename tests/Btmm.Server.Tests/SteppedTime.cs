using Microsoft.Extensions.Time.Testing;

namespace Btmm.Server.Tests;

/// <summary>A clock that stands still until told, and whose wall clock can be set apart from it.</summary>
internal sealed class SteppedTime(DateTimeOffset start) : FakeTimeProvider(start)
{
    /// <summary>How far the wall clock was set.</summary>
    internal TimeSpan Step { get; set; }

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + Step;

    // The base class counts in ticks of GetUtcNow.
    public override long GetTimestamp() => base.GetUtcNow().Ticks;
}
