using System.Net;

namespace Btmm.TestKit;

/// <summary>A try to connect by TCP over a <see cref="VirtualWire"/>.</summary>
/// <param name="From">Who tries.</param>
/// <param name="To">To whom.</param>
public sealed record WireConnect(IPEndPoint From, IPEndPoint To);
