using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;
using Btmm.Platform.Linux;
using Btmm.TestKit;

namespace Btmm.Platform.Tests.Linux;

/// <summary>Against the real kernel, in a network namespace of its own.</summary>
public sealed class LinuxSystemConfiguratorTests : IDisposable
{
    private const string Owner = "btmm:alice.example.net";
    private static readonly IPAddress s_own = IPAddress.Parse("fd12:3456:789a:bcde::1");
    private static readonly IPAddress s_peer = IPAddress.Parse("fd12:3456:789a:bcde::2");
    private readonly string _namespace = $"ndcfg{Environment.ProcessId}";
    private readonly bool _isReady;
    private readonly LinuxSystemConfigurator _system = new(new LinuxTunDeviceFactory());

    public LinuxSystemConfiguratorTests()
    {
        if (!OperatingSystem.IsLinux() || !Environment.IsPrivilegedProcess || !File.Exists("/dev/net/tun")) return;
        _isReady = Command.Run("ip", ["netns", "add", _namespace]).Succeeded;
    }

    public void Dispose()
    {
        if (_isReady) Command.Run("ip", ["netns", "del", _namespace]);
    }

    [Fact]
    public void Interface_CreatedAddressedRouted_IsSeenAndGoneAfterDispose()
    {
        InNamespace(() =>
        {
            Assert.Equal("btmm0", _system.PickInterfaceName("btmm%d"));
            ITunDevice tun = _system.CreateTunnelInterface("btmm0", 1280, Owner);
            Assert.Equal("btmm1", _system.PickInterfaceName("btmm%d"));
            for (int i = 0; i < 2; i++)
            {
                _system.AddAddress("btmm0", s_own);
                _system.AddRoute("btmm0", s_peer);
            }

            string link = Ip("-d", "link", "show", "btmm0");
            Assert.Contains("mtu 1280", link, StringComparison.Ordinal);
            Assert.Contains("UP", link, StringComparison.Ordinal);
            Assert.Contains("alias " + Owner, link, StringComparison.Ordinal);
            string addresses = Ip("-6", "addr", "show", "btmm0");
            Assert.Contains($"{s_own}/128", addresses, StringComparison.Ordinal);
            Assert.DoesNotContain("fe80", addresses, StringComparison.Ordinal);
            Assert.DoesNotContain("tentative", addresses, StringComparison.Ordinal);
            Assert.Contains($"{s_peer} dev btmm0", Ip("-6", "route", "show"), StringComparison.Ordinal);
            Assert.Contains("dev btmm0", Ip("-6", "route", "get", s_peer.ToString()), StringComparison.Ordinal);

            Assert.True(_system.RemoveRoute("btmm0", s_peer));
            Assert.False(_system.RemoveRoute("btmm0", s_peer));
            Assert.True(_system.RemoveAddress("btmm0", s_own));
            Assert.False(_system.RemoveAddress("btmm0", s_own));
            tun.Dispose();
            Assert.False(_system.RemoveAddress("btmm0", s_own));
            Assert.False(_system.RemoveRoute("btmm0", s_peer));
            Assert.False(_system.RemoveInterface("btmm0", Owner));
            Assert.DoesNotContain("btmm0", Ip("link", "show"), StringComparison.Ordinal);
        });
    }

    [Fact]
    public void RemoveInterface_NotOurs_IsLeftAlone()
    {
        InNamespace(() =>
        {
            Ip("link", "add", "btmm0", "type", "veth", "peer", "name", "other0");
            Assert.False(_system.RemoveInterface("btmm0", Owner));
            Assert.Contains("btmm0", Ip("link", "show"), StringComparison.Ordinal);
            Ip("link", "set", "btmm0", "alias", Owner);
            Assert.True(_system.RemoveInterface("btmm0", Owner));
            Assert.DoesNotContain("btmm0", Ip("link", "show"), StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Changes_OnMissingInterface_AreTypedErrors()
    {
        InNamespace(() =>
        {
            Assert.Equal(BtmmErrorReason.SystemChangeFailed, Assert.Throws<BtmmException>(() => _system.AddAddress("none0", s_own)).Reason);
            Assert.Equal(BtmmErrorReason.SystemChangeFailed, Assert.Throws<BtmmException>(() => _system.AddRoute("none0", s_peer)).Reason);
            Assert.Equal(BtmmErrorReason.InvalidValue, Assert.Throws<BtmmException>(() => _system.CreateTunnelInterface("a/b", 1280, Owner)).Reason);
        });
    }

    [Fact]
    public void Hosts_BindMountedFile_IsWrittenInPlace()
    {
        Assert.SkipUnless(_isReady, "needs root, namespaces and /dev/net/tun");
        string directory = Directory.CreateTempSubdirectory("btmm-bind-").FullName;
        try
        {
            string source = Path.Combine(directory, "source");
            string mounted = Path.Combine(directory, "hosts");
            File.WriteAllText(source, "127.0.0.1 localhost\n");
            File.WriteAllText(mounted, "");
            CommandResult mount = Command.Run("mount", ["--bind", source, mounted]);
            Assert.SkipUnless(mount.Succeeded, "bind mounts are not allowed here: " + mount.Error);
            try
            {
                var hosts = new HostsFile(mounted);
                Assert.True(hosts.Apply("alice.example.net", [new HostsEntry(s_own, "mac.alice.example.net")]));
                Assert.Contains("mac.alice.example.net", File.ReadAllText(source), StringComparison.Ordinal);
                Assert.True(hosts.Apply("alice.example.net", []));
                Assert.Equal("127.0.0.1 localhost\n", File.ReadAllText(source));
                Assert.Equal(2, Directory.GetFiles(directory).Length);
            }
            finally
            {
                Command.Run("umount", [mounted]);
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private string Ip(params string[] arguments) => Command.Run("ip", ["-n", _namespace, .. arguments]).Require();

    private void InNamespace(Action action)
    {
        Assert.SkipUnless(_isReady, "needs root, namespaces and /dev/net/tun");
        NetworkNamespace.Run(_namespace, action);
    }
}
