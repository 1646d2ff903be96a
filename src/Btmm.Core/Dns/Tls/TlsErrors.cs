using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.Dns.Tls;

/// <summary>Judges a TLS server's certificate, and says why one is not believed and what to do about it.</summary>
internal static class TlsErrors
{
    /// <summary>Null when the server is believed.</summary>
    internal static BtmmException? Judge(TlsEndPoint server, X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors, DateTimeOffset now)
    {
        if (errors == SslPolicyErrors.None) return null;
        if (certificate is null || chain is null)
            return Make(BtmmErrorReason.TlsUnknownAuthority, server, "it showed no certificate", "Configure a certificate on the server.");

        // What the chain lacks says more than that a certificate of another server is also out of date.
        X509ChainStatusFlags flaws = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, static (all, item) => all | item.Status);
        if ((flaws & ~X509ChainStatusFlags.NotTimeValid) != X509ChainStatusFlags.NoError) return UnknownAuthority(server, certificate, flaws);
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch)) return WrongName(server, certificate);
        return OutOfDate(server, certificate, now);
    }

    /// <summary>The handshake broke off before a certificate was judged, or for another reason.</summary>
    internal static BtmmException NoHandshake(TlsEndPoint server, Exception cause) => Make(
        BtmmErrorReason.TlsUnavailable,
        server,
        $"no TLS connection came about ({(cause.InnerException ?? cause).Message})",
        "Check that the server offers DNS over TLS on this port, with TLS 1.2 or later.",
        cause);

    private static BtmmException UnknownAuthority(TlsEndPoint server, X509Certificate2 certificate, X509ChainStatusFlags flaws)
    {
        string issuer = certificate.Issuer.Length > 0 ? certificate.Issuer : "nobody";
        return server.Trust.IsPinned
            ? Make(
                BtmmErrorReason.TlsUnknownAuthority,
                server,
                $"its certificate, issued by {issuer}, is not from this account's authority ({flaws})",
                "Check that this is the account's own server and that both have the same account; if the server has a public certificate, say so in the account's server entry.")
            : Make(
                BtmmErrorReason.TlsUnknownAuthority,
                server,
                $"its certificate, issued by {issuer}, is not from an authority that this system trusts ({flaws})",
                "Install the missing authority or intermediate certificate, or pin the account's own authority.");
    }

    private static BtmmException WrongName(TlsEndPoint server, X509Certificate2 certificate)
    {
        X509SubjectAlternativeNameExtension? names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        string has = names is null ? "no name" : string.Join(", ", names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(static a => a.ToString())).Take(8));
        return Make(
            BtmmErrorReason.TlsWrongName,
            server,
            $"its certificate is for {has}, not for {server.ServerName}",
            "Correct the server's name in the account or the zone's SRV record, or give the server a certificate with this name.");
    }

    private static BtmmException OutOfDate(TlsEndPoint server, X509Certificate2 certificate, DateTimeOffset now)
    {
        DateTimeOffset begin = certificate.NotBefore, end = certificate.NotAfter;
        string clocks = $"it is valid from {Text(begin)} to {Text(end)}, and this host's clock says {Text(now)}";
        return now < begin
            ? Make(BtmmErrorReason.TlsCertificateNotYetValid, server, $"its certificate is not valid yet: {clocks}", "Set the clocks of both machines, for example with NTP.")
            : Make(BtmmErrorReason.TlsCertificateExpired, server, $"its certificate, or one above it, has expired: {clocks}", "Renew the server's certificate; if it is a new one, set the clocks of both machines.");
    }

    private static string Text(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private static BtmmException Make(BtmmErrorReason reason, TlsEndPoint server, string why, string remedy, Exception? cause = null) =>
        new(reason, $"The server {server.ServerName} at {server} cannot be used by TLS: {why}.", remedy, cause) { Endpoint = server };
}
