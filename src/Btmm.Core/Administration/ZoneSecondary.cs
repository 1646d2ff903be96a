using System.Net;
using Btmm.Protocol.Dns;

namespace Btmm.Core.Administration;

/// <summary>A secondary server of a zone, which is told of changes and then fetches them. Immutable.</summary>
/// <param name="EndPoint">Where it takes notifications, usually port 53.</param>
/// <param name="KeyName">
/// The name of the key that signs notifications to it, one of the service's; null for none. Its transfers are another matter:
/// they need a key with <see cref="ZoneAccess.Transfer"/>, or its network among the zone's.
/// </param>
public sealed record ZoneSecondary(IPEndPoint EndPoint, DnsName? KeyName = null);
