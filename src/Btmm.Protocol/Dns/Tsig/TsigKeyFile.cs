using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Btmm.Protocol.Dns.Tsig;

/// <summary>The key file that BIND's <c>tsig-keygen</c> writes and <c>nsupdate -k</c> reads. Pure text; thread-safe.</summary>
public static class TsigKeyFile
{
    private const int MaxSecret = 1024;

    /// <summary>Reads every <c>key "name" { algorithm a; secret "b"; };</c> of a text; other statements are passed over.</summary>
    /// <param name="text">The text; <c>//</c>, <c>#</c> and <c>/* */</c> comments are allowed.</param>
    /// <param name="allowLegacy">The legacy switch: lets HMAC-MD5 through.</param>
    /// <param name="keys">The keys in their order; the caller owns them.</param>
    /// <param name="error">What is wrong, without quoting a secret.</param>
    /// <returns>False when there is no key or one of them is not usable.</returns>
    public static bool TryParse(
        string text, bool allowLegacy, [NotNullWhen(true)] out IReadOnlyList<TsigKey>? keys, [NotNullWhen(false)] out string? error)
    {
        var found = new List<TsigKey>();
        List<string> tokens = Tokenize(text);
        keys = null;
        error = null;
        for (int i = 0; i < tokens.Count && error is null; i++)
        {
            if (tokens[i] == "key" && i + 2 < tokens.Count && tokens[i + 2] == "{") error = ReadKey(tokens, ref i, allowLegacy, found);
        }

        if (error is null && found.Count == 0) error = "There is no key statement.";
        if (error is null) keys = found;
        else found.ForEach(key => key.Dispose());
        return error is null;
    }

    /// <summary>Writes a key with its secret; keep the text as secret as the key.</summary>
    /// <param name="key">The key.</param>
    public static string Format(TsigKey key)
    {
        byte[] secret = new byte[key.SecretLength];
        try
        {
            key.CopySecretTo(secret);
            return $"key \"{key.Name}\" {{\n\talgorithm {key.Algorithm.Name};\n\tsecret \"{Convert.ToBase64String(secret)}\";\n}};\n";
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    private static string? ReadKey(List<string> tokens, ref int i, bool allowLegacy, List<TsigKey> found)
    {
        if (!DnsName.TryParse(tokens[i + 1], out DnsName? name)) return "A key's name is not a domain name.";
        TsigAlgorithm? algorithm = null;
        string? secret = null;
        for (i += 3; i < tokens.Count && tokens[i] != "}"; i++)
        {
            if (i + 1 >= tokens.Count) break;
            if (tokens[i] == "algorithm" && !TsigAlgorithm.TryParse(tokens[++i], out algorithm)) return $"Key {name}: the algorithm is not known.";
            if (tokens[i] == "secret") secret = tokens[++i];
        }

        if (algorithm is null || secret is null) return $"Key {name}: algorithm or secret is missing.";
        if (algorithm.IsLegacy && !allowLegacy) return $"Key {name}: {algorithm} is broken and only allowed with the legacy switch.";
        Span<byte> bytes = stackalloc byte[MaxSecret];
        bool isBase64 = Convert.TryFromBase64String(secret, bytes, out int length) && length > 0;
        if (isBase64) found.Add(new TsigKey(name, algorithm, bytes[..length], allowLegacy));
        CryptographicOperations.ZeroMemory(bytes);
        return isBase64 ? null : $"Key {name}: the secret is not base64 of at most {MaxSecret} bytes.";
    }

    private static List<string> Tokenize(string text)
    {
        var tokens = new List<string>();
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (char.IsWhiteSpace(c) || c == ';') continue;
            if (c == '#' || (c == '/' && i + 1 < text.Length && text[i + 1] == '/')) i = EndOf(text, "\n", i);
            else if (c == '/' && i + 1 < text.Length && text[i + 1] == '*') i = EndOf(text, "*/", i + 2) + 1;
            else if (c is '{' or '}') tokens.Add(c.ToString());
            else if (c == '"') tokens.Add(text[(i + 1)..(i = EndOf(text, "\"", i + 1))]);
            else tokens.Add(ReadWord(text, ref i));
        }

        return tokens;
    }

    private static int EndOf(string text, string what, int from)
    {
        int end = from <= text.Length ? text.IndexOf(what, from, StringComparison.Ordinal) : -1;
        return end < 0 ? text.Length : end;
    }

    private static string ReadWord(string text, ref int i)
    {
        var word = new StringBuilder();
        while (i < text.Length && !char.IsWhiteSpace(text[i]) && text[i] is not (';' or '{' or '}' or '"')) word.Append(text[i++]);
        i--;
        return word.ToString();
    }
}
