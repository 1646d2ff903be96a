namespace Btmm.TestKit;

/// <summary>What a request to a <see cref="FakeGateway"/> is for.</summary>
public enum FakeGatewayRequestKind
{
    /// <summary>To find the gateway or what it offers; changes nothing.</summary>
    Discover,

    /// <summary>To learn its external address or state; changes nothing.</summary>
    Query,

    /// <summary>To make or renew a mapping.</summary>
    Map,

    /// <summary>To end a mapping.</summary>
    Delete,

    /// <summary>Nothing that the gateway understands.</summary>
    Malformed,
}
