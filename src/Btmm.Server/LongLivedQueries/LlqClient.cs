using System.Net;

namespace Btmm.Server.LongLivedQueries;

/// <summary>A client of long-lived queries: its address and port, and the socket of ours that it talks to.</summary>
internal readonly record struct LlqClient(IPEndPoint EndPoint, int Listener);
