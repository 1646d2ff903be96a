namespace Btmm.Protocol.Ike.Payloads;

/// <summary>Header flags (RFC 7296 §3.1).</summary>
[Flags]
internal enum IkeHeaderFlags : byte
{
    None = 0,

    /// <summary>Set in messages of the side that started the IKE SA.</summary>
    Initiator = 0x08,

    /// <summary>The sender speaks a higher major version; ignored on receipt.</summary>
    Version = 0x10,

    /// <summary>The message answers one with the same message id.</summary>
    Response = 0x20,
}
