namespace Btmm.TestKit;

/// <summary>How the HTTP server of a <see cref="FakeGateway"/> says where a body ends.</summary>
public enum FakeHttpFraming
{
    /// <summary>By Content-Length; the connection stays open.</summary>
    ContentLength,

    /// <summary>By Content-Length; the connection is closed although it was said to stay.</summary>
    ContentLengthThenClose,

    /// <summary>In chunks.</summary>
    Chunked,

    /// <summary>By closing the connection, in HTTP/1.0.</summary>
    UntilClose,
}
