namespace Btmm.Core.SignOn;

/// <summary>Whether TLS is used with a server.</summary>
public enum TlsUse
{
    /// <summary>
    /// Where the server offers it and the account can tell the right server from a wrong one; then it is an error when it fails,
    /// and never a reason to go on in clear text.
    /// </summary>
    Preferred,

    /// <summary>Always; without it nothing is said.</summary>
    Required,

    /// <summary>Never.</summary>
    Off,
}
