using System.Diagnostics.CodeAnalysis;
using Btmm.Protocol.Wire;

namespace Btmm.Protocol.Dns.Data;

/// <summary>A message cut at the end of one record's data, and a place in that data.</summary>
internal readonly ref struct DataSource(ReadOnlySpan<byte> message, int offset)
{
    private readonly ReadOnlySpan<byte> _message = message;

    public ReadOnlySpan<byte> Rest => _message[offset..];

    public WireReader Fields => new(Rest);

    public DataSource Skip(int count) => new(_message, offset + count);

    public bool TryName([NotNullWhen(true)] out DnsName? name, out DataSource after)
    {
        bool ok = DnsName.TryRead(_message, offset, out name, out int next);
        after = ok ? new DataSource(_message, next) : default;
        return ok;
    }

    public bool TryLastName([NotNullWhen(true)] out DnsName? name) => TryName(out name, out DataSource after) && after.Rest.IsEmpty;
}
