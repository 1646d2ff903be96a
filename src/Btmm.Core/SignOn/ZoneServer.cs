namespace Btmm.Core.SignOn;

/// <summary>An explicitly configured server of an account's zone, used instead of discovery by SRV records.</summary>
/// <param name="Host">A host name or IP address in text.</param>
/// <param name="Port">UDP and TCP port for queries and updates.</param>
/// <param name="LongLivedQueryPort">UDP port for long-lived queries; null when it is the same as <paramref name="Port"/>.</param>
public sealed record ZoneServer(string Host, int Port = 53, int? LongLivedQueryPort = null);
