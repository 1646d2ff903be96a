using System.Net;

namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>How a response arrived.</summary>
/// <param name="From">Its sender.</param>
/// <param name="SentTo">The endpoints to which the request had been sent.</param>
/// <param name="Raw">The message as received; meaningful for IKE_SA_INIT only.</param>
internal readonly record struct ReceivedResponse(IPEndPoint From, IReadOnlyList<IPEndPoint> SentTo, byte[] Raw);
