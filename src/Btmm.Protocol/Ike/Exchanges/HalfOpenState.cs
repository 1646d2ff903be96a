using System.Net;
using Btmm.Protocol.Ike.Crypto;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>What the responder keeps between IKE_SA_INIT and IKE_AUTH. The shared secret is computed when IKE_AUTH comes.</summary>
internal sealed class HalfOpenState : IDisposable
{
    public required IkeAlgorithms Suite { get; init; }

    public required IkeKeyPair KeyPair { get; init; }

    public required byte[] PeerPublic { get; init; }

    public required byte[] InitiatorNonce { get; init; }

    public required byte[] ResponderNonce { get; init; }

    public required byte[] Request { get; init; }

    public required byte[] Response { get; init; }

    public required IPEndPoint From { get; init; }

    public void Dispose() => KeyPair.Dispose();
}
