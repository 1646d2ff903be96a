using System.Net;
using Btmm.Core.Contracts;

namespace Btmm.Core.NatTraversal.Keeping;

/// <summary>To whom a <see cref="GatewayKeeper"/> reports. Thread-safe.</summary>
internal interface IKeeperOwner
{
    /// <summary>What was reported last.</summary>
    EndpointState Current { get; }

    /// <summary>Whether a route is still the one to use.</summary>
    bool IsCurrent(GatewayRoute route);

    /// <summary>Takes a report.</summary>
    void Publish(EndpointState state);

    /// <summary>The gateway lost its state.</summary>
    void TellGatewayRestart();

    /// <summary>The external port that a gateway granted last, to suggest it again; null when there was none.</summary>
    int? RememberedPort(IPAddress gateway);

    /// <summary>Takes note of the external port that a gateway granted.</summary>
    void RememberPort(IPAddress gateway, int port);
}
