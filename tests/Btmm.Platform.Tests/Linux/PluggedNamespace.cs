using Btmm.TestKit;

namespace Btmm.Platform.Tests.Linux;

/// <summary>Namespaces with links that lead nowhere, for tests of routing tables.</summary>
internal static class PluggedNamespace
{
    /// <summary>An empty namespace; skips the test where there can be none.</summary>
    internal static TestNamespace Make()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && Environment.IsPrivilegedProcess, "network namespaces need root on Linux");
        Assert.SkipUnless(Command.Exists("ip"), "the program ip (iproute2) is missing");
        return new TestNamespace();
    }

    /// <summary>Adds a link that is up, and its addresses.</summary>
    internal static void Plug(TestNamespace home, string name, params string[] addresses)
    {
        home.Ip("link", "add", name, "type", "veth", "peer", "name", $"{name}-far");
        home.Ip("link", "set", $"{name}-far", "up");
        home.Ip("link", "set", name, "up");
        foreach (string address in addresses) home.Ip("addr", "add", address, "dev", name);
    }
}
