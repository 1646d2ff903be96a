namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>A gateway's answer to GetStatusInfo. Immutable.</summary>
/// <param name="IsConnected">Whether it says that its connection is up; null when it does not say. Some say no and work.</param>
/// <param name="Uptime">For how long; null when it does not say.</param>
public readonly record struct IgdStatus(bool? IsConnected, TimeSpan? Uptime)
{
    /// <summary>Reads it from an answer that is no error.</summary>
    public static IgdStatus Read(IgdAnswer answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        string status = answer.Text("NewConnectionStatus") ?? "";
        uint? seconds = answer.Number("NewUptime");
        return new IgdStatus(
            status.Length == 0 ? null : status.Equals("Connected", StringComparison.OrdinalIgnoreCase),
            seconds is { } uptime ? TimeSpan.FromSeconds(uptime) : null);
    }
}
