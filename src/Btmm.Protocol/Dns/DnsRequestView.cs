using System.Buffers.Binary;

namespace Btmm.Protocol.Dns;

/// <summary>
/// A request as slices of the bytes received: its question, what its OPT record says, and whether it is signed. Reading
/// allocates nothing. Records in other places are checked for their form and passed over. Lives as long as the bytes.
/// </summary>
public readonly ref struct DnsRequestView
{
    private const int OptionHeadSize = 4;
    private const uint DnssecOkBit = 0x8000;

    private readonly DnsQuestionView _question;
    private readonly DnsRecordView _opt;

    private DnsRequestView(ReadOnlySpan<byte> message, DnsHeader header, DnsQuestionView question, DnsRecordView opt, bool isSigned)
    {
        Message = message;
        Header = header;
        _question = question;
        _opt = opt;
        IsSigned = isSigned;
    }

    /// <summary>The whole message.</summary>
    public ReadOnlySpan<byte> Message { get; }

    /// <summary>The header.</summary>
    public DnsHeader Header { get; }

    /// <summary>The name of the first question in uncompressed wire form, with its case; empty without a question.</summary>
    public ReadOnlySpan<byte> Name => Header.QuestionCount == 0 ? [] : Message[_question.Offset..(_question.End - 4)];

    /// <summary>The type of the first question.</summary>
    public DnsType Type => _question.Type;

    /// <summary>The class of the first question.</summary>
    public DnsClass Class => _question.Class;

    /// <summary>The question section as it came.</summary>
    public ReadOnlySpan<byte> Question => Header.QuestionCount == 0 ? [] : Message[_question.Offset.._question.End];

    /// <summary>Whether the last record is a TSIG; nothing in it is verified.</summary>
    public bool IsSigned { get; }

    /// <summary>Whether there is an OPT record (RFC 6891).</summary>
    public bool HasEdns => _opt.Offset != 0;

    /// <summary>The largest UDP message the sender takes, bytes; only with <see cref="HasEdns"/>.</summary>
    public ushort UdpPayloadSize => (ushort)_opt.Class;

    /// <summary>The EDNS version.</summary>
    public byte EdnsVersion => (byte)(_opt.Ttl >> 16);

    /// <summary>The DO bit.</summary>
    public bool DnssecOk => (_opt.Ttl & DnssecOkBit) != 0;

    /// <summary>The EDNS options, each with its code and length in front; their form has been checked.</summary>
    public ReadOnlySpan<byte> Options => HasEdns ? Message.Slice(_opt.DataOffset, _opt.DataLength) : [];

    /// <summary>Finds the first EDNS option of a code.</summary>
    /// <param name="code">The code.</param>
    /// <param name="data">Its data.</param>
    public bool TryFindOption(ushort code, out ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<byte> rest = Options;
        while (!rest.IsEmpty)
        {
            int length = BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
            data = rest.Slice(OptionHeadSize, length);
            if (BinaryPrimitives.ReadUInt16BigEndian(rest) == code) return true;
            rest = rest[(OptionHeadSize + length)..];
        }

        data = default;
        return false;
    }

    /// <summary>Reads a request.</summary>
    /// <param name="message">The whole message.</param>
    /// <param name="request">The request.</param>
    /// <returns>
    /// False when the form is wrong: entries that run out of the message or do not fill it, an OPT or a TSIG in the wrong place
    /// or twice (RFC 6891 §6.1.1, RFC 8945 §5.1), options that do not fill their record.
    /// </returns>
    public static bool TryParse(ReadOnlySpan<byte> message, out DnsRequestView request)
    {
        request = default;
        var reader = new DnsMessageReader(message);
        DnsHeader header = reader.Header;
        if (reader.Error != DnsParseError.None || !TryReadQuestions(ref reader, header.QuestionCount, out DnsQuestionView question)) return false;
        int others = header.AnswerCount + header.AuthorityCount;
        DnsRecordView opt = default;
        bool isSigned = false;
        for (int i = 0, count = others + header.AdditionalCount; i < count; i++)
        {
            if (!reader.TryReadRecord(out DnsRecordView record)) return false;
            if (record.Type == DnsType.OPT)
            {
                if (i < others || opt.Offset != 0 || message[record.Offset] != 0 || !AreOptions(message.Slice(record.DataOffset, record.DataLength))) return false;
                opt = record;
            }

            if (record.Type != DnsType.TSIG) continue;
            if (i < others || i != count - 1 || record.Class != DnsClass.ANY || record.Ttl != 0) return false;
            isSigned = true;
        }

        if (reader.Position != message.Length) return false;
        request = new DnsRequestView(message, header, question, opt, isSigned);
        return true;
    }

    private static bool TryReadQuestions(ref DnsMessageReader reader, int count, out DnsQuestionView first)
    {
        first = default;
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryReadQuestion(out DnsQuestionView question)) return false;
            if (i == 0) first = question;
        }

        return true;
    }

    private static bool AreOptions(ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            if (data.Length < OptionHeadSize) return false;
            int length = OptionHeadSize + BinaryPrimitives.ReadUInt16BigEndian(data[2..]);
            if (length > data.Length) return false;
            data = data[length..];
        }

        return true;
    }
}
