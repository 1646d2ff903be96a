using System.Text;

namespace Btmm.Platform.Services;

/// <summary>
/// Writes a systemd unit that gives its program no more than it needs (systemd.exec(5)): the zone service may bind low ports, the
/// node may set up interfaces; neither may do anything else that root can. Holds no state.
/// </summary>
public static class SystemdUnit
{
    /// <summary>The unit's text.</summary>
    /// <param name="service">The service.</param>
    public static string Format(ServiceDefinition service)
    {
        ArgumentNullException.ThrowIfNull(service);
        var text = new StringBuilder();
        text.Append("# Written by Register-BtmmService; Unregister-BtmmService takes it away again.\n[Unit]\n");
        text.Append($"Description={(service.Kind == ServiceKind.Zone ? "Btmm zone service" : "Btmm node")} ({service.Name})\n");
        text.Append("Wants=network-online.target\nAfter=network-online.target\nStartLimitIntervalSec=0\n\n[Service]\n");
        text.Append($"Type={(service.Notifies ? "notify" : "exec")}\n");
        text.Append($"ExecStart={string.Join(' ', service.Arguments.Prepend(service.Program).Select(Quote))}\n");
        text.Append($"Restart={(service.Restart == ServiceRestart.Always ? "always" : "on-failure")}\nRestartSec=5\nTimeoutStopSec=20\n");
        text.Append("StateDirectory=btmm\nStateDirectoryMode=0700\nUMask=0077\nLimitNOFILE=65536\n");
        foreach (string line in service.Kind == ServiceKind.Zone ? s_zone : s_node) text.Append(line).Append('\n');
        foreach (string line in s_common) text.Append(line).Append('\n');
        foreach (string path in service.Writes.Distinct()) text.Append($"ReadWritePaths=-{Escape(path)}\n");
        return text.Append("\n[Install]\nWantedBy=multi-user.target\n").ToString();
    }

    private static readonly string[] s_zone =
    [
        "CapabilityBoundingSet=CAP_NET_BIND_SERVICE", "ProtectSystem=strict", "ProtectHome=read-only", "PrivateDevices=yes", "ProtectKernelTunables=yes",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK",
    ];

    // The hosts file is replaced in /etc, and TUN needs its device.
    private static readonly string[] s_node =
    [
        "CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW CAP_NET_BIND_SERVICE", "ProtectSystem=yes", "ProtectHome=read-only", "DevicePolicy=closed", "DeviceAllow=/dev/net/tun rw",
        "RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK AF_PACKET",
    ];

    // Not MemoryDenyWriteExecute: the runtime compiles as it goes.
    private static readonly string[] s_common =
    [
        "NoNewPrivileges=yes", "PrivateTmp=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes", "ProtectControlGroups=yes", "ProtectClock=yes",
        "ProtectHostname=yes", "ProtectProc=invisible", "LockPersonality=yes", "RestrictNamespaces=yes", "RestrictRealtime=yes", "RestrictSUIDSGID=yes",
        "SystemCallArchitectures=native", "SystemCallFilter=@system-service",
    ];

    // systemd.service(5), "Command lines": quotes and backslashes as in C, "%" and "$" doubled.
    private static string Quote(string argument)
    {
        string escaped = Escape(argument).Replace("$", "$$", StringComparison.Ordinal);
        bool isPlain = argument.Length > 0 && argument.All(static c => char.IsAsciiLetterOrDigit(c) || "-_./:@%=,+".Contains(c, StringComparison.Ordinal));
        return isPlain ? escaped : $"\"{escaped.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
    }

    private static string Escape(string text) => text.Replace("%", "%%", StringComparison.Ordinal);
}
