namespace Btmm.Protocol.Dns.Zone;

/// <summary>
/// Cuts the bytes of a zone file into entries and these into words (RFC 1035 §5.1): comments, quotes, escapes, and parentheses
/// by which an entry goes on over several lines. Takes one byte at a time, so that a file can come in pieces. Not thread-safe.
/// </summary>
internal sealed class ZoneFileTokenizer(int maxEntryBytes)
{
    private readonly List<ZoneFileToken> _tokens = [];
    private byte[] _text = new byte[512];
    private int _length;
    private int _line = 1;
    private int _column;
    private int _depth;
    private int _openLine;
    private int _openColumn;
    private int _tokenStart;
    private int _tokenLine;
    private int _tokenColumn;
    private State _state;
    private bool _isEscaped;

    private enum State
    {
        Between,
        Word,
        Quoted,
        Comment,
    }

    /// <summary>The words of the entry that <see cref="Feed"/> has completed.</summary>
    public IReadOnlyList<ZoneFileToken> Tokens => _tokens;

    /// <summary>Whether the entry's line began with white space: it has the owner of the one before.</summary>
    public bool StartsBlank { get; private set; }

    /// <summary>What is wrong; nothing more may be fed then.</summary>
    public ZoneFileError? Error { get; private set; }

    public ReadOnlySpan<byte> TextOf(ZoneFileToken token) => _text.AsSpan(token.Start, token.Length);

    /// <summary>Takes a byte; true when it completes an entry, which is there until <see cref="Clear"/>.</summary>
    public bool Feed(byte value)
    {
        _column++;
        bool isComplete = value == '\n' ? EndLine() : value is < 0x20 and not ((byte)'\t' or (byte)'\r' or (byte)'\f')
            ? Fail("A control character.")
            : Take(value);
        if (value == '\n')
        {
            _line++;
            _column = 0;
        }

        return isComplete;
    }

    /// <summary>The file ends; true when that completes an entry.</summary>
    public bool Complete()
    {
        _column++;
        bool isComplete = EndLine();
        if (Error is null && _depth > 0) Error = new ZoneFileError(_openLine, _openColumn, "A parenthesis is not closed.");
        return isComplete && Error is null;
    }

    /// <summary>Forgets the entry.</summary>
    public void Clear()
    {
        _tokens.Clear();
        _length = 0;
        StartsBlank = false;
    }

    private bool Take(byte value) => _state switch
    {
        State.Comment => false,
        State.Quoted => TakeQuoted(value),
        State.Word => TakeWord(value),
        _ => TakeBetween(value),
    };

    private bool TakeBetween(byte value)
    {
        if (_tokens.Count == 0 && _depth == 0 && _column == 1) StartsBlank = value is (byte)' ' or (byte)'\t';
        switch (value)
        {
            case (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\f':
                return false;
            case (byte)';':
                _state = State.Comment;
                return false;
            case (byte)'(':
                (_openLine, _openColumn) = (_line, _column);
                return ++_depth > 1 && Fail("A parenthesis within parentheses.");
            case (byte)')':
                return --_depth < 0 && Fail("A parenthesis is closed that was not opened.");
            case (byte)'"':
                return Begin(State.Quoted);
            default:
                Begin(State.Word);
                return TakeWord(value);
        }
    }

    private bool TakeWord(byte value)
    {
        if (_isEscaped) return Append(value, isEscaped: false);
        switch (value)
        {
            case (byte)'\\':
                return Append(value, isEscaped: true);
            case (byte)'"':
                return Fail("A quotation mark within a word.");
            case (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\f' or (byte)';' or (byte)'(' or (byte)')':
                End(isQuoted: false);
                return TakeBetween(value);
            default:
                return Append(value, isEscaped: false);
        }
    }

    private bool TakeQuoted(byte value)
    {
        if (_isEscaped) return Append(value, isEscaped: false);
        if (value != '"') return Append(value, isEscaped: value == '\\');
        End(isQuoted: true);
        return false;
    }

    private bool EndLine()
    {
        if (_isEscaped) return Fail("An escape without a character.");
        if (_state == State.Quoted)
        {
            Error ??= new ZoneFileError(_tokenLine, _tokenColumn, "A quotation mark without its partner on the line.");
            return false;
        }

        if (_state == State.Word) End(isQuoted: false);
        _state = State.Between;
        return _depth == 0 && _tokens.Count > 0;
    }

    private bool Begin(State state)
    {
        _state = state;
        (_tokenStart, _tokenLine, _tokenColumn) = (_length, _line, _column);
        return false;
    }

    private void End(bool isQuoted)
    {
        _tokens.Add(new ZoneFileToken(_tokenStart, _length - _tokenStart, isQuoted, _tokenLine, _tokenColumn));
        _state = State.Between;
        // Words without bytes count too.
        if (_tokens.Count > maxEntryBytes / 2) Fail("The entry is too long.");
    }

    private bool Append(byte value, bool isEscaped)
    {
        if (_length >= maxEntryBytes) return Fail("The entry is too long.");
        if (_length == _text.Length) Array.Resize(ref _text, 2 * _text.Length);
        _text[_length++] = value;
        _isEscaped = isEscaped;
        return false;
    }

    private bool Fail(string message)
    {
        Error ??= new ZoneFileError(_line, _column, message);
        return false;
    }
}
