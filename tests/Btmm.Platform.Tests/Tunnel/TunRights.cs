using Btmm.TestKit;

namespace Btmm.Platform.Tests.Tunnel;

/// <summary>Skips tests, with the reason, where namespaces and TUN devices cannot be made.</summary>
internal static class TunRights
{
    private static readonly Lazy<string?> s_missing = new(FindMissing);

    public static void Require() => Assert.SkipWhen(s_missing.Value is not null, s_missing.Value ?? "");

    private static string? FindMissing()
    {
        if (!OperatingSystem.IsLinux()) return "TUN devices of Linux need Linux";
        if (!Environment.IsPrivilegedProcess) return "network namespaces and TUN devices need root";
        if (!Command.Exists("ip")) return "the program ip (iproute2) is missing";
        if (!File.Exists("/dev/net/tun")) return "/dev/net/tun is missing";
        try
        {
            using var probe = new TestNamespace();
            return null;
        }
        catch (InvalidOperationException error)
        {
            return $"no network namespace can be made: {error.Message}";
        }
    }
}
