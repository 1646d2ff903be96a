namespace Btmm.Protocol.Dns.Dso;

/// <summary>What a DSO message is by its QR bit and message id (RFC 8490 §8.1).</summary>
public enum DsoKind
{
    /// <summary>QR 0, id not 0: to be answered.</summary>
    Request,

    /// <summary>QR 1, id not 0.</summary>
    Response,

    /// <summary>QR 0, id 0: never to be answered.</summary>
    Unidirectional,

    /// <summary>QR 1, id 0: a fatal error (§5.4.1).</summary>
    Invalid,
}
