using System.Management.Automation.Language;
using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Platform.Services;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>The command by which pwsh runs a zone service or a node as a service. Holds no state.</summary>
internal static class ServiceScript
{
    /// <summary>Arguments for pwsh.</summary>
    public static IReadOnlyList<string> Arguments(string manifest, ServiceKind kind, IReadOnlyList<string> accounts, string start)
    {
        string load = string.Join(", ", accounts.Select(path => $"[Btmm.Core.SignOn.AccountFile]::LoadAsync({Quote(path)}).GetAwaiter().GetResult()"));
        string account = accounts.Count == 0 ? string.Empty : " -Account $accounts";
        string command = kind == ServiceKind.Zone ? "Start-BtmmDnsServer" : "Start-BtmmTunnel";
        return
        [
            "-NoProfile", "-NonInteractive", "-Command",
            $"$ErrorActionPreference = 'Stop'; Import-Module {Quote(manifest)}; $accounts = @({load}); {command}{account}{start} | Wait-Job | Receive-Job; exit 1",
        ];
    }

    /// <summary>The parameters of Start-BtmmDnsServer for endpoints, which must have one port.</summary>
    /// <exception cref="BtmmException">InvalidValue.</exception>
    public static string Listen(IReadOnlyList<IPEndPoint> endpoints) =>
        endpoints.Select(endpoint => endpoint.Port).Distinct().Count() == 1
            ? $" -Address {string.Join(", ", endpoints.Select(endpoint => Quote(endpoint.Address.ToString())))} -Port {endpoints[0].Port}"
            : throw new BtmmException(BtmmErrorReason.InvalidValue, "With -UsePowerShell all addresses have the same port.", "Give one port, or register btmmd.");

    /// <summary>A text as PowerShell reads it back.</summary>
    public static string Quote(string text) => $"'{CodeGeneration.EscapeSingleQuotedStringContent(text)}'";
}
