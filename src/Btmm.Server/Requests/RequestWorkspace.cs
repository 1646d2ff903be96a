using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;
using Btmm.Server.Queries;

namespace Btmm.Server.Requests;

/// <summary>What one loop needs while it answers a request. Belongs to one loop.</summary>
internal sealed class RequestWorkspace
{
    private byte[]? _response;

    /// <summary>The answer is written here, unless the caller has a place of his own for it.</summary>
    internal byte[] Response => _response ??= GC.AllocateUninitializedArray<byte>(DnsMessage.MaxSize);

    internal TsigServerTransaction Tsig { get; } = new();

    /// <summary>When the request arrived, by the service's clock; null when that is now.</summary>
    internal TimeSpan? ReceivedAt { get; set; }

    /// <summary>The sections of the answer to a query.</summary>
    internal QueryAnswer Answer { get; } = new();

    /// <summary>The OPT record of the answer to a query.</summary>
    internal EdnsReply Edns { get; } = new();
}
