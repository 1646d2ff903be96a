namespace Btmm.Protocol.Dns.Zone;

/// <summary>A word of a zone file's entry: its place in the entry's text, where escapes still stand, and in the file.</summary>
internal readonly record struct ZoneFileToken(int Start, int Length, bool IsQuoted, int Line, int Column);
