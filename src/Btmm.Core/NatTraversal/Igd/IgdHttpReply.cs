namespace Btmm.Core.NatTraversal.Igd;

/// <summary>A gateway's answer by HTTP, whole and within the limits.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Body">The body.</param>
internal sealed record IgdHttpReply(int Status, byte[] Body)
{
    /// <summary>Whether the status is 200 to 299.</summary>
    internal bool IsSuccess => Status is >= 200 and <= 299;
}
