using System.Diagnostics.CodeAnalysis;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Edns;

namespace Btmm.Protocol.Dns;

/// <summary>
/// A whole DNS message as objects. Immutable as long as the lists given are not changed. For UPDATE the sections have other
/// names (<see cref="Zone"/>, <see cref="Prerequisites"/>, <see cref="Updates"/>). Code that must not allocate uses
/// <see cref="DnsMessageReader"/> and <see cref="DnsMessageWriter"/>.
/// </summary>
public sealed partial record DnsMessage
{
    /// <summary>The largest message there is, bytes.</summary>
    public const int MaxSize = ushort.MaxValue;

    /// <summary>The largest UDP message without EDNS, bytes (RFC 1035 §4.2.1).</summary>
    public const int ClassicUdpSize = 512;

    /// <summary>The message's id.</summary>
    public ushort Id { get; init; }

    /// <summary>The flags.</summary>
    public DnsFlags Flags { get; init; }

    /// <summary>The opcode.</summary>
    public DnsOpcode Opcode { get; init; }

    /// <summary>The response code in the header, 0..15. See <see cref="ExtendedRcode"/>.</summary>
    public DnsRcode Rcode { get; init; }

    /// <summary>The question section.</summary>
    public IReadOnlyList<DnsQuestion> Questions { get; init; } = [];

    /// <summary>The answer section.</summary>
    public IReadOnlyList<DnsRecord> Answers { get; init; } = [];

    /// <summary>The authority section.</summary>
    public IReadOnlyList<DnsRecord> Authority { get; init; } = [];

    /// <summary>The additional section, with OPT and TSIG.</summary>
    public IReadOnlyList<DnsRecord> Additional { get; init; } = [];

    /// <summary>Whether QR is set.</summary>
    public bool IsResponse => (Flags & DnsFlags.Response) != 0;

    /// <summary>Whether TC is set.</summary>
    public bool IsTruncated => (Flags & DnsFlags.Truncated) != 0;

    /// <summary>UPDATE: the zone, when there is exactly one entry of type SOA; else null (RFC 2136 §2.3).</summary>
    public DnsQuestion? Zone => Questions is [{ Type: DnsType.SOA } zone] ? zone : null;

    /// <summary>UPDATE: the prerequisite section.</summary>
    public IReadOnlyList<DnsRecord> Prerequisites => Answers;

    /// <summary>UPDATE: the update section.</summary>
    public IReadOnlyList<DnsRecord> Updates => Authority;

    /// <summary>What the OPT record says, or null when there is none.</summary>
    public EdnsInfo? Edns => Additional.FirstOrDefault(record => record.Type == DnsType.OPT) is { } opt ? EdnsInfo.FromRecord(opt) : null;

    /// <summary>The TSIG record, or null. That one is present says nothing about its being right.</summary>
    public DnsRecord? Tsig => Additional is [.., { Type: DnsType.TSIG } last] ? last : null;

    /// <summary>The data of the TSIG record, or null.</summary>
    public TsigData? TsigData => Tsig?.Data as TsigData;

    /// <summary>All twelve bits of the response code.</summary>
    public DnsRcode ExtendedRcode => (DnsRcode)(((Edns?.ExtendedRcode ?? 0) << 4) | (int)Rcode);

    /// <summary>Reads a message.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="message">The message.</param>
    /// <returns>False when the bytes are no well-formed message.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out DnsMessage? message) => TryParse(bytes, out message, out _);

    /// <summary>Reads a message and says what is wrong with it.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="message">The message.</param>
    /// <param name="error">What is wrong.</param>
    /// <returns>False when the bytes are no well-formed message.</returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out DnsMessage? message, out DnsParseError error)
    {
        var reader = new DnsMessageReader(bytes);
        DnsHeader header = reader.Header;
        var questions = new List<DnsQuestion>();
        var sections = new List<DnsRecord>[] { [], [], [] };
        message = null;
        if (ReadQuestions(ref reader, header.QuestionCount, questions)
            && ReadRecords(ref reader, header.AnswerCount, sections[0], isAdditional: false)
            && ReadRecords(ref reader, header.AuthorityCount, sections[1], isAdditional: false)
            && ReadRecords(ref reader, header.AdditionalCount, sections[2], isAdditional: true)
            && (reader.Position == bytes.Length || reader.Fail(DnsParseError.TrailingBytes)))
        {
            message = new DnsMessage
            {
                Id = header.Id,
                Flags = header.Flags,
                Opcode = header.Opcode,
                Rcode = header.Rcode,
                Questions = questions,
                Answers = sections[0],
                Authority = sections[1],
                Additional = sections[2],
            };
        }

        error = reader.Error;
        return message is not null;
    }

    private static bool ReadQuestions(ref DnsMessageReader reader, int count, List<DnsQuestion> questions)
    {
        if (reader.Error != DnsParseError.None) return false;
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadQuestion(out DnsQuestionView view) || !reader.TryMaterialize(view, out DnsQuestion? question)) return false;
            questions.Add(question);
        }

        return true;
    }

    private static bool ReadRecords(ref DnsMessageReader reader, int count, List<DnsRecord> records, bool isAdditional)
    {
        bool hasOpt = false;
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadRecord(out DnsRecordView view)) return false;
            bool isLast = isAdditional && i == count - 1;
            if (view.Type == DnsType.TSIG && (!isLast || view.Class != DnsClass.ANY || view.Ttl != 0)) return reader.Fail(DnsParseError.BadTsig);
            if (!reader.TryMaterialize(view, out DnsRecord? record)) return false;
            if (record is { Type: DnsType.TSIG, Data: not Data.TsigData }) return reader.Fail(DnsParseError.BadTsig);
            if (record.Type == DnsType.OPT)
            {
                if (!isAdditional || hasOpt || !record.Name.IsRoot) return reader.Fail(DnsParseError.BadOpt);
                hasOpt = true;
            }

            records.Add(record);
        }

        return true;
    }
}
