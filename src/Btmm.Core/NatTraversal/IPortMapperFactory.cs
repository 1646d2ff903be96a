using Btmm.Core.Contracts;

namespace Btmm.Core.NatTraversal;

/// <summary>Chooses how to talk to a gateway. Thread-safe.</summary>
public interface IPortMapperFactory
{
    /// <summary>Opens a mapper for a gateway; sends nothing yet.</summary>
    IPortMapper Open(GatewayRoute route);
}
