namespace Btmm.Core.NatTraversal.Verdicts;

/// <summary>How sure it is that somebody intercepts this host's traffic to show a sign-in page.</summary>
internal enum PortalSign
{
    /// <summary>Nothing of the kind was seen.</summary>
    None,

    /// <summary>The server's address answers HTTP with a page or leads elsewhere, which its owner may have meant.</summary>
    Weak,

    /// <summary>Somebody answers for an address that nobody has, answers 511, or answers for a name that does not exist.</summary>
    Strong,
}
