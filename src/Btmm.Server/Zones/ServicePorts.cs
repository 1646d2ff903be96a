namespace Btmm.Server.Zones;

/// <summary>The ports of a service that its zones publish.</summary>
/// <param name="Dns">Queries and updates, UDP and TCP.</param>
/// <param name="LongLivedQueries">Long-lived queries, UDP.</param>
/// <param name="Tls">Everything by TLS; null when that is off.</param>
internal readonly record struct ServicePorts(int Dns, int LongLivedQueries, int? Tls);
