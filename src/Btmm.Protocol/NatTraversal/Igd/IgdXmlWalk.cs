using System.Text;
using System.Xml;

namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>
/// Walks through the elements of a gateway's document: no DTD, no resolver, and limits on length, depth and number. Names are taken
/// without their namespaces, which devices get wrong. Used once, by one thread.
/// </summary>
internal abstract class IgdXmlWalk
{
    private static readonly XmlReaderSettings s_settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        MaxCharactersInDocument = 2 * IgdConstants.MaxDocumentLength,
        MaxCharactersFromEntities = IgdConstants.MaxTextLength,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        CheckCharacters = false,
        CloseInput = true,
    };

    private readonly StringBuilder _text = new();

    /// <summary>Reads a document to the end of its root element; false when it is bad or beyond a limit.</summary>
    protected bool Read(ReadOnlySpan<byte> document)
    {
        if (document.Length is 0 or > IgdConstants.MaxDocumentLength) return false;
        NameTable names = new();
        XmlParserContext context = new(names, new AnyPrefix(names), null, XmlSpace.None);
        try
        {
            using XmlReader reader = XmlReader.Create(new StringReader(IgdXmlText.Decode(document)), s_settings, context);
            return Read(reader);
        }
        catch (XmlException)
        {
            return false; // This is how the framework's parser says that a document is bad.
        }
    }

    /// <summary>An element begins.</summary>
    protected abstract void Begin(string name);

    /// <summary>An element ends. The text is complete when no element was in it.</summary>
    protected abstract void End(string name, string text);

    private bool Read(XmlReader reader)
    {
        int elements = 0;
        while (reader.Read())
        {
            switch (reader.NodeType)
            {
                case XmlNodeType.Element:
                    if (++elements > IgdConstants.MaxElements || reader.Depth >= IgdConstants.MaxDepth) return false;
                    _text.Clear();
                    Begin(reader.LocalName);
                    if (reader.IsEmptyElement && Ends(reader, "")) return true;
                    break;
                case XmlNodeType.EndElement:
                    if (Ends(reader, _text.ToString())) return true; // What comes after the root is no concern of ours.
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace:
                    if (_text.Length < IgdConstants.MaxTextLength) _text.Append(reader.Value);
                    break;
            }
        }

        return false;
    }

    private bool Ends(XmlReader reader, string text)
    {
        text = text.Trim();
        End(reader.LocalName, text.Length <= IgdConstants.MaxTextLength ? text : text[..IgdConstants.MaxTextLength]);
        _text.Clear();
        return reader.Depth == 0;
    }

    /// <summary>Takes prefixes that nobody declared.</summary>
    private sealed class AnyPrefix(NameTable names) : XmlNamespaceManager(names)
    {
        public override string? LookupNamespace(string prefix) =>
            base.LookupNamespace(prefix) ?? (prefix.Length > 0 ? "undeclared:" + prefix : null);
    }
}
