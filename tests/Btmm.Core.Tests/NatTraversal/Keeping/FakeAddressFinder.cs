using System.Net;
using Btmm.Core.NatTraversal;

namespace Btmm.Core.Tests.NatTraversal.Keeping;

/// <summary>Somebody outside who tells an address, or nothing. Thread-safe.</summary>
internal sealed class FakeAddressFinder(string? address) : IExternalAddressFinder
{
    private volatile IPAddress? _address = address is null ? null : IPAddress.Parse(address);
    private int _asked;

    public int Asked => Volatile.Read(ref _asked);

    public void Tell(string? address) => _address = address is null ? null : IPAddress.Parse(address);

    public Task<IPAddress?> FindAsync(IPAddress local, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _asked);
        return Task.FromResult(_address);
    }
}
