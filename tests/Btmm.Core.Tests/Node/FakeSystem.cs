using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.Tests.Node;

/// <summary>A system in memory that can be told to fail.</summary>
internal sealed class FakeSystem : ISystemConfigurator
{
    internal HashSet<string> Things { get; } = [];
    internal List<string> Log { get; } = [];
    internal string? FailOn { get; set; }
    internal Action<string>? BeforeEach { get; set; }
    internal Func<ITunDevice>? OpenTun { get; set; }

    public string PickInterfaceName(string pattern) => pattern.Replace("%d", "0", StringComparison.Ordinal);

    public ITunDevice CreateTunnelInterface(string name, int mtu, string owner)
    {
        Do($"+if {name}");
        Things.Add($"if {name}");
        return OpenTun?.Invoke() ?? new FakeTun(name, mtu);
    }

    public bool RemoveInterface(string name, string owner) => Remove($"if {name}");

    public void AddAddress(string interfaceName, IPAddress address) => Add($"address {address}");

    public bool RemoveAddress(string interfaceName, IPAddress address) => Remove($"address {address}");

    public void AddRoute(string interfaceName, IPAddress destination) => Add($"route {destination}");

    public bool RemoveRoute(string interfaceName, IPAddress destination) => Remove($"route {destination}");

    public void WriteHostsBlock(string owner, IReadOnlyList<HostsEntry> entries)
    {
        Add($"hosts {owner}");
        Hosts = entries;
    }

    public bool RemoveHostsBlock(string owner) => Remove($"hosts {owner}");

    internal IReadOnlyList<HostsEntry> Hosts { get; private set; } = [];

    private void Add(string thing)
    {
        Do("+" + thing);
        Things.Add(thing);
    }

    private bool Remove(string thing)
    {
        Do("-" + thing);
        return Things.Remove(thing);
    }

    private void Do(string what)
    {
        BeforeEach?.Invoke(what);
        if (FailOn == what) throw new BtmmException(BtmmErrorReason.SystemChangeFailed, what, "none");
        Log.Add(what);
    }

    private sealed class FakeTun(string name, int mtu) : ITunDevice
    {
        private readonly ManualResetEventSlim _interrupted = new();

        public string Name => name;

        public int InterfaceIndex => 7;

        public int Mtu => mtu;

        public int Read(PacketBatch batch)
        {
            _interrupted.Wait();
            return 0;
        }

        public int Write(PacketBatch batch) => batch.Count;

        public void Interrupt() => _interrupted.Set();

        public void Dispose() => _interrupted.Set();
    }
}
