using Btmm.Protocol.Dns;

namespace Btmm.Core.Administration;

/// <summary>One request over a control socket; which members it has depends on the operation. Immutable.</summary>
public sealed class ControlRequest
{
    /// <summary>What is asked for.</summary>
    public required ControlOperation Operation { get; init; }

    /// <summary>The zone or key that it concerns, by name.</summary>
    public DnsName? Name { get; init; }

    /// <summary>The settings of a zone to put.</summary>
    public ZoneSettings? Zone { get; init; }

    /// <summary>A key to put.</summary>
    public ControlKey? Key { get; init; }

    /// <summary>Whether one that is there is changed.</summary>
    public bool Replace { get; init; }

    /// <summary>A zone file to import.</summary>
    public byte[]? File { get; init; }
}
