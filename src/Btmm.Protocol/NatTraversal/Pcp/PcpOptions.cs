using System.Buffers.Binary;
using System.Net;

namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>The options of a PCP message that are known here (RFC 6887 §13). Immutable.</summary>
public sealed record PcpOptions
{
    private const int HeaderLength = 4;
    private const byte FirstOptional = 128;

    /// <summary>No options.</summary>
    public static PcpOptions None { get; } = new();

    /// <summary>The external port (and address) as suggested, or an error (§13.2).</summary>
    public bool PreferFailure { get; init; }

    /// <summary>From whom packets are let in, in the order in which the server takes them (§13.3); empty for everybody.</summary>
    public IReadOnlyList<PcpFilter> Filters { get; init; } = [];

    /// <summary>The host for which the mapping is, when it is not the sender (§13.1). A message with it is never written.</summary>
    public IPAddress? ThirdParty { get; init; }

    /// <summary>Whether there is none of them.</summary>
    public bool IsEmpty => !PreferFailure && Filters.Count == 0 && ThirdParty is null;

    internal int WireLength => (PreferFailure ? HeaderLength : 0) + (Filters.Count * (HeaderLength + PcpFilter.Length));

    // 0 code | 1 reserved | 2 length of the data (2) | 4 data, padded to a multiple of 4

    internal bool TryWrite(Span<byte> destination)
    {
        if (ThirdParty is not null || destination.Length < WireLength) return false;
        if (PreferFailure)
        {
            WriteHeader(destination, PcpOptionCode.PreferFailure, 0);
            destination = destination[HeaderLength..];
        }

        foreach (PcpFilter filter in Filters)
        {
            WriteHeader(destination, PcpOptionCode.Filter, PcpFilter.Length);
            if (!filter.TryWrite(destination[HeaderLength..])) return false;
            destination = destination[(HeaderLength + PcpFilter.Length)..];
        }

        return true;
    }

    /// <summary>
    /// Reads the options at the end of a message. Returns what a server says about them (§7.3); a client ignores what it does not
    /// understand and takes <paramref name="options"/> as they are.
    /// </summary>
    internal static PcpResult Read(ReadOnlySpan<byte> rest, out PcpOptions options)
    {
        options = None;
        PcpResult verdict = PcpResult.Success;
        while (!rest.IsEmpty)
        {
            if (rest.Length < HeaderLength) return PcpResult.MalformedOption;
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            int padded = (length + PcpConstants.Alignment - 1) / PcpConstants.Alignment * PcpConstants.Alignment;
            if (padded > rest.Length - HeaderLength) return PcpResult.MalformedOption;
            PcpResult one = Take(rest[0], rest.Slice(HeaderLength, length), ref options);
            if (verdict == PcpResult.Success) verdict = one;
            rest = rest[(HeaderLength + padded)..];
        }

        return verdict;
    }

    private static PcpResult Take(byte code, ReadOnlySpan<byte> data, ref PcpOptions options)
    {
        switch ((PcpOptionCode)code)
        {
            case PcpOptionCode.ThirdParty when data.Length == PcpAddress.Length && options.ThirdParty is null:
                options = options with { ThirdParty = PcpAddress.Read(data) };
                return PcpResult.Success;
            case PcpOptionCode.PreferFailure when data.IsEmpty && !options.PreferFailure:
                options = options with { PreferFailure = true };
                return PcpResult.Success;
            case PcpOptionCode.Filter when PcpFilter.TryRead(data, out PcpFilter filter):
                options = options with { Filters = [.. options.Filters, filter] };
                return PcpResult.Success;
            case PcpOptionCode.ThirdParty or PcpOptionCode.PreferFailure or PcpOptionCode.Filter:
                return PcpResult.MalformedOption;
            default:
                return code >= FirstOptional ? PcpResult.Success : PcpResult.UnsupportedOption;
        }
    }

    private static void WriteHeader(Span<byte> destination, PcpOptionCode code, int length)
    {
        destination[0] = (byte)code;
        destination[1] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(destination[2..], (ushort)length);
    }

    /// <inheritdoc/>
    public bool Equals(PcpOptions? other) => other is not null && PreferFailure == other.PreferFailure
        && Filters.SequenceEqual(other.Filters) && Equals(ThirdParty, other.ThirdParty);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(PreferFailure, Filters.Count, ThirdParty);
}
