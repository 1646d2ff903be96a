namespace Btmm.TestKit;

/// <summary>An answer of the HTTP server of a <see cref="FakeGateway"/>.</summary>
/// <param name="Status">The status.</param>
/// <param name="Body">The body.</param>
internal sealed record FakeHttpResponse(int Status, string Body)
{
    /// <summary>The Location header.</summary>
    internal string? Location { get; init; }

    /// <summary>White space in the body, in bytes; -1 for no end.</summary>
    internal long Padding { get; init; }

    /// <summary>Where the white space is, in bytes from the body's start.</summary>
    internal int PaddingAt { get; init; }
}
