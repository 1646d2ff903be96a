namespace Btmm.Core.Node;

/// <summary>The kinds of change to the system that the journal knows how to undo.</summary>
public enum SystemChangeKind
{
    /// <summary>A tunnel interface was created.</summary>
    TunnelInterface,

    /// <summary>An address was put on an interface.</summary>
    Address,

    /// <summary>A route to one address was added.</summary>
    Route,

    /// <summary>Our block was written into the hosts file.</summary>
    HostsBlock,
}
