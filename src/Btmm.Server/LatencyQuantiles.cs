namespace Btmm.Server;

/// <summary>How long answers took, from the arrival of the request to the answer's way out, since the start. Immutable.</summary>
/// <param name="Count">Answers.</param>
/// <param name="P50">Half of them took no longer.</param>
/// <param name="P90">Nine in ten took no longer.</param>
/// <param name="P99">99 in a hundred took no longer.</param>
/// <remarks>The times are exact to an eighth, which is the width of what is counted together.</remarks>
public sealed record LatencyQuantiles(long Count, TimeSpan P50, TimeSpan P90, TimeSpan P99);
