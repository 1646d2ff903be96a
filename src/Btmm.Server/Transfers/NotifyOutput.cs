using System.Net;

namespace Btmm.Server.Transfers;

/// <summary>A notification to send.</summary>
internal readonly record struct NotifyOutput(byte[] Message, IPEndPoint Target);
