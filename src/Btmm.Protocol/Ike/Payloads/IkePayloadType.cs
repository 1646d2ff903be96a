namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Payload types (RFC 7296 §3.2).</summary>
internal enum IkePayloadType : byte
{
    None = 0,
    SecurityAssociation = 33,
    KeyExchange = 34,
    IdInitiator = 35,
    IdResponder = 36,
    Certificate = 37,
    CertificateRequest = 38,
    Authentication = 39,
    Nonce = 40,
    Notify = 41,
    Delete = 42,
    VendorId = 43,
    TrafficSelectorsInitiator = 44,
    TrafficSelectorsResponder = 45,
    Encrypted = 46,
    Configuration = 47,
    Eap = 48,
}
