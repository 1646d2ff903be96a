namespace Btmm.Core.Diagnostics;

/// <summary>Why an operation failed. Names are stable: PowerShell error ids are built from them.</summary>
public enum BtmmErrorReason
{
    /// <summary>No answer within the time allowed.</summary>
    Timeout,

    /// <summary>The remote side refused the connection or is unreachable.</summary>
    Unreachable,

    /// <summary>There is no default gateway.</summary>
    NoGateway,

    /// <summary>The gateway does not speak the port-mapping protocol, or none of those tried.</summary>
    PortMappingUnsupported,

    /// <summary>The gateway refuses to map ports (NAT-PMP and PCP result 2, UPnP error 606).</summary>
    PortMappingNotAuthorized,

    /// <summary>The gateway has no external address yet (NAT-PMP result 3, PCP result 7).</summary>
    PortMappingNetworkFailure,

    /// <summary>The gateway is out of ports or memory (NAT-PMP result 4, PCP results 8 and 10, UPnP error 728).</summary>
    PortMappingOutOfResources,

    /// <summary>The external port is not to be had (PCP result 11, UPnP errors 718 and 729).</summary>
    PortMappingConflict,

    /// <summary>The mapping is on the gateway of another network, which has the address of this network's.</summary>
    PortMappingElsewhere,

    /// <summary>The gateway's own external address is not public: there is a second NAT.</summary>
    DoubleNat,

    /// <summary>A reply could not be understood or broke its protocol.</summary>
    MalformedReply,

    /// <summary>The name does not exist.</summary>
    NameNotFound,

    /// <summary>No server for this zone could be found.</summary>
    ZoneServiceNotFound,

    /// <summary>The server does not know the TSIG key (BADKEY).</summary>
    TsigBadKey,

    /// <summary>The TSIG signature does not verify (BADSIG): the secrets differ.</summary>
    TsigBadSignature,

    /// <summary>The clocks of the two sides differ too much (BADTIME).</summary>
    TsigBadTime,

    /// <summary>The TSIG signature was truncated below the server's policy (BADTRUNC).</summary>
    TsigBadTruncation,

    /// <summary>The server refused the operation (REFUSED).</summary>
    Refused,

    /// <summary>The name lies outside the zone or outside what the key may change (NOTZONE, NOTAUTH).</summary>
    OutOfZone,

    /// <summary>A prerequisite of the update did not hold.</summary>
    PrerequisiteFailed,

    /// <summary>The server failed (SERVFAIL).</summary>
    ServerFailure,

    /// <summary>The server does not implement the operation (NOTIMP).</summary>
    NotImplemented,

    /// <summary>The peer could not be authenticated.</summary>
    AuthenticationFailed,

    /// <summary>The peer accepts none of the offered algorithms.</summary>
    NoProposalChosen,

    /// <summary>The peer is not known in the account.</summary>
    PeerNotFound,

    /// <summary>The peer did not answer.</summary>
    PeerUnreachable,

    /// <summary>The operation needs root (or CAP_NET_ADMIN).</summary>
    PermissionDenied,

    /// <summary>A name, address or port is already in use.</summary>
    ResourceBusy,

    /// <summary>The TUN driver is missing.</summary>
    TunUnavailable,

    /// <summary>The account file is damaged, of an unknown version, or the passphrase is wrong.</summary>
    AccountFileInvalid,

    /// <summary>An argument or configuration value is not acceptable.</summary>
    InvalidValue,

    /// <summary>The operating system refused a change of interfaces, addresses, routes or files.</summary>
    SystemChangeFailed,

    /// <summary>Another node already runs on the same state directory.</summary>
    StateDirectoryBusy,

    /// <summary>The state directory cannot be read or written.</summary>
    StateDirectoryInvalid,

    /// <summary>A zone service's store is damaged, of an unknown version, or not a store at all.</summary>
    StoreInvalid,

    /// <summary>A zone service's store cannot be opened, read or written.</summary>
    StoreFailed,

    /// <summary>A server that must be spoken to by TLS does not speak it.</summary>
    TlsUnavailable,

    /// <summary>A TLS server's certificate is not from the authority that is trusted.</summary>
    TlsUnknownAuthority,

    /// <summary>A TLS server's certificate has another name.</summary>
    TlsWrongName,

    /// <summary>A TLS server's certificate has expired, by this host's clock.</summary>
    TlsCertificateExpired,

    /// <summary>A TLS server's certificate is not valid yet, by this host's clock.</summary>
    TlsCertificateNotYetValid,

    /// <summary>A server's own certificate or its key cannot be used.</summary>
    CertificateInvalid,

    /// <summary>Something of that name is there already.</summary>
    AlreadyExists,

    /// <summary>The file with a service's sealing key is missing, another one's, damaged, or readable by others.</summary>
    KeyFileInvalid,

    /// <summary>A part of the program failed in a way it should not.</summary>
    InternalError,
}
