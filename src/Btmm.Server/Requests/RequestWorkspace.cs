using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Requests;

/// <summary>What one loop needs while it answers a request. Belongs to one loop.</summary>
internal sealed class RequestWorkspace
{
    /// <summary>The answer is written here.</summary>
    internal byte[] Response { get; } = GC.AllocateUninitializedArray<byte>(DnsMessage.MaxSize);

    internal TsigServerTransaction Tsig { get; } = new();
}
