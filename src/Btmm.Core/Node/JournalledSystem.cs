using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.Diagnostics;

namespace Btmm.Core.Node;

/// <summary>
/// Makes changes to the system only after they are in the journal, and undoes them. What is changed on gateways is in the memory of
/// mappings instead, because undoing that needs the network. Thread-safe.
/// </summary>
public sealed class JournalledSystem
{
    private readonly Lock _gate = new();
    private readonly ChangeJournal _journal;
    private readonly ISystemConfigurator _system;

    /// <summary>Joins a journal and the system it is about; owns neither.</summary>
    public JournalledSystem(ChangeJournal journal, ISystemConfigurator system)
    {
        _journal = journal;
        _system = system;
    }

    /// <summary>
    /// Undoes everything, newest first: what a crashed run left, or what this one made. What cannot be undone stays
    /// in the journal and is reported.
    /// </summary>
    public IReadOnlyList<BtmmException> UndoAll()
    {
        lock (_gate)
        {
            var failures = new List<BtmmException>();
            foreach (JournalEntry entry in _journal.OpenEntries) Undo(entry, failures);
            return failures;
        }
    }

    /// <summary>Creates the tunnel interface under the first free name of a pattern such as <c>btmm%d</c>.</summary>
    /// <exception cref="BtmmException">PermissionDenied, TunUnavailable, SystemChangeFailed, StateDirectoryInvalid.</exception>
    public ITunDevice CreateTunnelInterface(string pattern, int mtu, string owner)
    {
        lock (_gate)
        {
            string name = _system.PickInterfaceName(pattern);
            JournalEntry entry = _journal.Begin(SystemChange.ForInterface(name, owner));
            try
            {
                return _system.CreateTunnelInterface(name, mtu, owner);
            }
            catch (BtmmException)
            {
                _journal.Complete(entry);
                throw;
            }
        }
    }

    /// <summary>Puts an address on an interface.</summary>
    /// <exception cref="BtmmException">PermissionDenied, SystemChangeFailed, StateDirectoryInvalid.</exception>
    public void AddAddress(string interfaceName, IPAddress address) =>
        Make(SystemChange.ForAddress(interfaceName, address), () => _system.AddAddress(interfaceName, address));

    /// <summary>Adds a route to one address.</summary>
    /// <exception cref="BtmmException">PermissionDenied, SystemChangeFailed, StateDirectoryInvalid.</exception>
    public void AddRoute(string interfaceName, IPAddress destination) =>
        Make(SystemChange.ForRoute(interfaceName, destination), () => _system.AddRoute(interfaceName, destination));

    /// <summary>Removes a route that was added here; false when it was not.</summary>
    /// <exception cref="BtmmException">PermissionDenied, SystemChangeFailed, StateDirectoryInvalid.</exception>
    public bool RemoveRoute(string interfaceName, IPAddress destination)
    {
        lock (_gate)
        {
            SystemChange change = SystemChange.ForRoute(interfaceName, destination);
            if (_journal.OpenEntries.FirstOrDefault(e => e.Change == change) is not { } entry) return false;
            _system.RemoveRoute(interfaceName, destination);
            _journal.Complete(entry);
            return true;
        }
    }

    /// <summary>Writes the owner's hosts block.</summary>
    /// <exception cref="BtmmException">PermissionDenied, SystemChangeFailed, StateDirectoryInvalid.</exception>
    public void WriteHosts(string owner, IReadOnlyList<HostsEntry> entries) =>
        Make(SystemChange.ForHostsBlock(owner), () => _system.WriteHostsBlock(owner, entries));

    private void Make(SystemChange change, Action make)
    {
        lock (_gate)
        {
            JournalEntry? known = _journal.OpenEntries.FirstOrDefault(e => e.Change == change);
            JournalEntry entry = known ?? _journal.Begin(change);
            try
            {
                make();
            }
            catch (BtmmException) when (known is null && change.Kind != SystemChangeKind.HostsBlock)
            {
                _journal.Complete(entry);
                throw;
            }
        }
    }

    private void Undo(JournalEntry entry, List<BtmmException> failures)
    {
        SystemChange change = entry.Change;
        try
        {
            _ = change.Kind switch
            {
                SystemChangeKind.TunnelInterface => _system.RemoveInterface(change.Interface!, change.Owner!),
                SystemChangeKind.Address => _system.RemoveAddress(change.Interface!, change.Address!),
                SystemChangeKind.Route => _system.RemoveRoute(change.Interface!, change.Address!),
                _ => _system.RemoveHostsBlock(change.Owner!),
            };
            _journal.Complete(entry);
        }
        catch (BtmmException e)
        {
            failures.Add(e);
        }
    }
}
