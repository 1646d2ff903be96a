namespace Btmm.Core.NatTraversal;

/// <summary>In what way something was wrong that came in a gateway's name, so that it was refused.</summary>
public enum RefusedAnswerKind
{
    /// <summary>Another address sent a datagram where only the gateway should.</summary>
    Stranger,

    /// <summary>A PCP answer has a nonce that was not asked for (RFC 6887 §11.4).</summary>
    WrongNonce,

    /// <summary>Another device answers UPnP's searches as an Internet gateway.</summary>
    AnotherGateway,

    /// <summary>UPnP says that something is where this host does not go: not on the gateway itself, or not by plain HTTP.</summary>
    PointsElsewhere,

    /// <summary>A page or service of UPnP is redirected.</summary>
    Redirected,

    /// <summary>More came than any gateway has to say, perhaps without an end.</summary>
    TooLong,

    /// <summary>What came is no proper HTTP.</summary>
    NotHttp,

    /// <summary>A device description that cannot be read: not XML, with a DTD or entities, or too deep.</summary>
    UnreadableDescription,

    /// <summary>The answer to a request that cannot be done without is no SOAP.</summary>
    NotSoap,
}
