namespace Btmm.Protocol.Dns.Zone;

/// <summary>What is wrong with a zone file, and where.</summary>
/// <param name="Line">The line, from 1.</param>
/// <param name="Column">The byte in the line, from 1.</param>
/// <param name="Message">What is wrong, as a sentence.</param>
public sealed record ZoneFileError(int Line, int Column, string Message)
{
    /// <summary>Place and message.</summary>
    public override string ToString() => $"line {Line}, column {Column}: {Message}";
}
