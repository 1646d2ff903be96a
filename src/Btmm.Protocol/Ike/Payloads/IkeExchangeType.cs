namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Exchange types (RFC 7296 §3.1).</summary>
internal enum IkeExchangeType : byte
{
    IkeSaInit = 34,
    IkeAuth = 35,
    CreateChildSa = 36,
    Informational = 37,
}
