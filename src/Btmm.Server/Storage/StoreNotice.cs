using Btmm.Protocol.Dns;

namespace Btmm.Server.Storage;

/// <summary>What a store that several services share tells each of them. Immutable.</summary>
/// <param name="Kind">What has happened.</param>
/// <param name="Zone">The zone of <see cref="StoreNoticeKind.Zone"/>.</param>
/// <param name="Failure">Why, for <see cref="StoreNoticeKind.Lost"/>.</param>
public sealed record StoreNotice(StoreNoticeKind Kind, DnsName? Zone = null, string? Failure = null);
