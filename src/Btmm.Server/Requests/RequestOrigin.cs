using System.Net;

namespace Btmm.Server.Requests;

/// <summary>Where a message came from.</summary>
/// <param name="Client">The sender.</param>
/// <param name="Listener">The number of our socket.</param>
/// <param name="IsStream">Whether it came by TCP.</param>
internal readonly record struct RequestOrigin(IPEndPoint Client, int Listener, bool IsStream);
