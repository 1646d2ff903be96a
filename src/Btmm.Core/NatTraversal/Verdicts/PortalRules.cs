using Btmm.Protocol.NatTraversal.Portal;

namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>Tells whether an HTTP answer comes from a sign-in page. Pure.</summary>
internal static class PortalRules
{
    /// <summary>An answer at an address that nobody has: who gives one with a page or a redirect intercepts.</summary>
    internal static PortalSign AtNobody(PortalAnswer answer) => IsShown(answer, askedFor: null) ? PortalSign.Strong : PortalSign.None;

    /// <summary>An answer at a server that may have a site of its own.</summary>
    internal static PortalSign AtServer(PortalAnswer answer, string askedFor)
    {
        if (answer.Status == PortalAnswer.SignInRequired) return PortalSign.Strong;
        return IsShown(answer, askedFor) ? PortalSign.Weak : PortalSign.None;
    }

    /// <summary>An answer at a URL that answers 204; its own troubles are no sign.</summary>
    internal static PortalSign AtProbe(PortalAnswer answer)
    {
        bool isOther = answer.Status is (>= 200 and < 400 and not 204) or PortalAnswer.SignInRequired;
        return isOther ? PortalSign.Strong : PortalSign.None;
    }

    /// <summary>
    /// The page that a person is to open: where the answer leads, in full; null when it leads nowhere that a browser may be sent.
    /// </summary>
    /// <param name="answer">The answer.</param>
    /// <param name="askedFor">The host that was asked.</param>
    internal static string? Page(PortalAnswer answer, string askedFor) => answer.Location is { } location
        && Uri.TryCreate($"http://{askedFor}/", UriKind.Absolute, out Uri? asked) && Uri.TryCreate(asked, location, out Uri? page)
        && (page.Scheme == Uri.UriSchemeHttp || page.Scheme == Uri.UriSchemeHttps)
            ? page.AbsoluteUri
            : null;

    private static bool IsShown(PortalAnswer answer, string? askedFor)
    {
        if (answer.Status == PortalAnswer.SignInRequired) return true;
        if (answer.Status is >= 200 and < 300) return answer.IsPage;
        return answer.IsRedirect && !IsAt(answer.Location, askedFor);
    }

    /// <summary>Whether a redirect stays with the host that was asked; a relative one does.</summary>
    private static bool IsAt(string? location, string? host) =>
        host is not null && (!Uri.TryCreate(location, UriKind.Absolute, out Uri? uri) || uri.IsFile || string.Equals(uri.Host, host, StringComparison.OrdinalIgnoreCase));
}
