namespace Btmm.Protocol.Dns;

/// <summary>How a <see cref="DnsMessageWriter"/> writes names.</summary>
public enum DnsNameForm
{
    /// <summary>With pointers to earlier names where the type of the record allows it: the form of messages.</summary>
    Compressed,

    /// <summary>In full, with their case.</summary>
    Whole,

    /// <summary>In full and in lower case: the same bytes for equal data (RFC 4034 §6.2).</summary>
    Canonical,
}
