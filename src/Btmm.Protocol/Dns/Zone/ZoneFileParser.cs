using System.Diagnostics.CodeAnalysis;
using System.Text;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Protocol.Dns.Zone;

/// <summary>
/// Reads a zone file (RFC 1035 §5, RFC 2308 §4, RFC 3597 §5). Bytes go in by <see cref="Feed"/> in pieces of any size, records
/// come out by <see cref="TryTake"/>; take them after each piece and no more than one piece's records are held. The first
/// mistake ends it. $INCLUDE and $GENERATE are refused. Not thread-safe.
/// </summary>
public sealed class ZoneFileParser
{
    private readonly ZoneFileTokenizer _tokenizer;
    private readonly RdataParser _data;
    private readonly Queue<DnsRecord> _records = new();
    private readonly int _maxRecords;
    private DnsName _origin;
    private DnsName? _owner;
    private uint? _defaultTtl;
    private uint? _lastTtl;
    private int _count;
    private int _prologue;

    /// <summary>Begins a file.</summary>
    /// <param name="origin">What completes relative names until the file says $ORIGIN: the zone's name.</param>
    /// <param name="limits">Limits; null for the usual ones.</param>
    public ZoneFileParser(DnsName origin, ZoneFileLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(origin);
        limits ??= new ZoneFileLimits();
        _origin = origin;
        _maxRecords = limits.MaxRecords;
        _tokenizer = new ZoneFileTokenizer(limits.MaxEntryBytes);
        _data = new RdataParser(_tokenizer);
    }

    /// <summary>The first mistake; nothing is read after it.</summary>
    public ZoneFileError? Error { get; private set; }

    /// <summary>Takes the next bytes of the file; false when there is a mistake.</summary>
    /// <param name="bytes">The bytes.</param>
    public bool Feed(ReadOnlySpan<byte> bytes)
    {
        for (int i = 0; i < bytes.Length && Error is null; i++)
        {
            if (IsPrologue(bytes[i])) continue;
            if (_tokenizer.Feed(bytes[i])) ReadEntry();
            Error ??= _tokenizer.Error;
        }

        return Error is null;
    }

    /// <summary>The file has ended; false when there is a mistake.</summary>
    public bool Complete()
    {
        if (Error is null && _tokenizer.Complete()) ReadEntry();
        Error ??= _tokenizer.Error;
        return Error is null;
    }

    /// <summary>Takes the next record that was read.</summary>
    /// <param name="record">The record.</param>
    public bool TryTake([NotNullWhen(true)] out DnsRecord? record) => _records.TryDequeue(out record);

    // The mark by which some editors begin a UTF-8 file.
    private bool IsPrologue(byte value)
    {
        ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
        if (_prologue < mark.Length && value == mark[_prologue])
        {
            _prologue++;
            return true;
        }

        _prologue = mark.Length;
        return false;
    }

    private void ReadEntry()
    {
        ZoneFileToken first = _tokenizer.Tokens[0];
        if (!_tokenizer.StartsBlank && !first.IsQuoted && _tokenizer.TextOf(first) is [(byte)'$', ..]) ReadDirective();
        else ReadRecord();
        _tokenizer.Clear();
    }

    private void ReadDirective()
    {
        ReadOnlySpan<byte> word = _tokenizer.TextOf(_tokenizer.Tokens[0]);
        if (Ascii.EqualsIgnoreCase(word, "$INCLUDE"u8)) Fail(0, "$INCLUDE is not supported: put the other file's text here.");
        else if (Ascii.EqualsIgnoreCase(word, "$GENERATE"u8)) Fail(0, "$GENERATE is not supported: write the records out.");
        else if (Ascii.EqualsIgnoreCase(word, "$ORIGIN"u8)) ReadOrigin();
        else if (Ascii.EqualsIgnoreCase(word, "$TTL"u8)) ReadDefaultTtl();
        else Fail(0, "An unknown directive.");
    }

    private void ReadOrigin()
    {
        if (_tokenizer.Tokens.Count != 2) Fail(0, "$ORIGIN takes one name.");
        else if (TryName(1, out DnsName? origin)) _origin = origin;
    }

    private void ReadDefaultTtl()
    {
        if (_tokenizer.Tokens.Count != 2) Fail(0, "$TTL takes one time.");
        else if (ZoneFileWords.TryReadTtl(_tokenizer.TextOf(_tokenizer.Tokens[1]), out uint ttl)) _defaultTtl = ttl;
        else Fail(1, "Not a time to live.");
    }

    // [owner] [TTL] [class] type data, or class before TTL.
    private void ReadRecord()
    {
        int next = 0;
        if (!_tokenizer.StartsBlank)
        {
            if (!TryName(next++, out DnsName? owner)) return;
            _owner = owner == _owner ? _owner : owner; // records of one name share its object
        }

        if (_owner is null)
        {
            Fail(0, "The first record has no owner.");
            return;
        }

        if (!TryReadPrefix(ref next, out uint? ttl) || !TryReadType(next, out DnsType type)) return;
        if (!_data.TryRead(type, next + 1, _origin, out DnsData? data))
        {
            Fail(_data.Problem.Token, _data.Problem.Message);
            return;
        }

        Add(_owner, ttl, data, next);
    }

    private bool TryReadPrefix(ref int next, out uint? ttl)
    {
        ttl = null;
        bool hasClass = false;
        for (; next < _tokenizer.Tokens.Count; next++)
        {
            ReadOnlySpan<byte> word = _tokenizer.TextOf(_tokenizer.Tokens[next]);
            if (!hasClass && ZoneFileWords.TryReadClass(word, out DnsClass @class))
            {
                if (@class != DnsClass.IN) return Fail(next, "Only class IN is served.");
                hasClass = true;
            }
            else if (ttl is null && word is [>= (byte)'0' and <= (byte)'9', ..])
            {
                if (!ZoneFileWords.TryReadTtl(word, out uint value)) return Fail(next, "Not a time to live.");
                ttl = value;
            }
            else
            {
                break;
            }
        }

        return true;
    }

    private bool TryReadType(int token, out DnsType type)
    {
        type = DnsType.None;
        if (token >= _tokenizer.Tokens.Count) return Fail(token - 1, "The record has no type.");
        if (!ZoneFileWords.TryReadType(_tokenizer.TextOf(_tokenizer.Tokens[token]), out type)) return Fail(token, "Not a record type.");
        return !ZoneFileWords.IsMeta(type) || Fail(token, "No zone can hold records of this type.");
    }

    private void Add(DnsName owner, uint? ttl, DnsData data, int typeToken)
    {
        // RFC 2308 §4, else the last one given (RFC 1035 §5.1), else what a SOA says of itself, as BIND has it.
        ttl ??= _defaultTtl ?? _lastTtl ?? (data as SoaData)?.Minimum;
        if (ttl is not { } seconds) Fail(typeToken, "The record has no time to live and there was no $TTL.");
        else if (_count++ >= _maxRecords) Fail(0, $"The file has more than {_maxRecords} records.");
        else
        {
            _lastTtl = seconds;
            _records.Enqueue(new DnsRecord(owner, seconds, data));
        }
    }

    private bool TryName(int token, [NotNullWhen(true)] out DnsName? name)
    {
        ZoneFileToken word = _tokenizer.Tokens[token];
        ReadOnlySpan<byte> text = _tokenizer.TextOf(word);
        name = _origin;
        if (!word.IsQuoted && text.SequenceEqual("@"u8)) return true;
        if (!word.IsQuoted && DnsName.TryParse(text, _origin, out name)) return true;
        name = null;
        return Fail(token, "Not a domain name.");
    }

    private bool Fail(int token, string message)
    {
        ZoneFileToken place = _tokenizer.Tokens[Math.Min(token, _tokenizer.Tokens.Count - 1)];
        Error ??= new ZoneFileError(place.Line, place.Column, message);
        return false;
    }
}
