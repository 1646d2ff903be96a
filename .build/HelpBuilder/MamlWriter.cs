using System.Globalization;
using System.Xml.Linq;

namespace Btmm.HelpBuilder;

/// <summary>Writes the XML help file that Get-Help reads.</summary>
internal static class MamlWriter
{
    private static readonly XNamespace s_root = "http://msh";
    private static readonly XNamespace s_maml = "http://schemas.microsoft.com/maml/2004/10";
    private static readonly XNamespace s_command = "http://schemas.microsoft.com/maml/dev/command/2004/10";
    private static readonly XNamespace s_dev = "http://schemas.microsoft.com/maml/dev/2004/10";

    public static void Write(string path, IEnumerable<CmdletFacts> cmdlets, IReadOnlyDictionary<string, HelpPage> pages)
    {
        var root = new XElement(s_root + "helpItems", new XAttribute("schema", "maml"));
        foreach (CmdletFacts cmdlet in cmdlets)
            if (pages.TryGetValue(cmdlet.Name, out HelpPage? page)) root.Add(Command(cmdlet, page));
        new XDocument(new XDeclaration("1.0", "utf-8", null), root).Save(path);
    }

    private static XElement Command(CmdletFacts cmdlet, HelpPage page)
    {
        Dictionary<string, IReadOnlyList<string>> texts = page.Items("PARAMETERS")
            .ToDictionary(i => i.Heading.TrimStart('-'), i => i.Text, StringComparer.OrdinalIgnoreCase);
        return new XElement(s_command + "command",
            new XAttribute(XNamespace.Xmlns + "maml", s_maml),
            new XAttribute(XNamespace.Xmlns + "command", s_command),
            new XAttribute(XNamespace.Xmlns + "dev", s_dev),
            new XElement(s_command + "details",
                new XElement(s_command + "name", cmdlet.Name),
                new XElement(s_command + "verb", cmdlet.Verb),
                new XElement(s_command + "noun", cmdlet.Noun),
                Description(page.Text("SYNOPSIS"))),
            Description(page.Text("DESCRIPTION")),
            new XElement(s_command + "syntax", cmdlet.Sets.Select(set => SyntaxItem(cmdlet, set, texts))),
            new XElement(s_command + "parameters", cmdlet.Parameters
                .OrderBy(p => p.Name, StringComparer.Ordinal)
                .Select(p => Parameter(p, p.Sets.Values.First(), texts))),
            new XElement(s_command + "inputTypes", page.Items("INPUTS").Select(i => Typed("inputType", i.Heading, i.Text))),
            new XElement(s_command + "returnValues", page.Items("OUTPUTS").Select(i => Typed("returnValue", i.Heading, i.Text))),
            new XElement(s_maml + "alertSet", new XElement(s_maml + "alert", Paragraphs(page.Text("NOTES")))),
            new XElement(s_command + "examples", page.Items("EXAMPLES").Select(i => Example(i.Heading, i.Text, i.Code))),
            new XElement(s_command + "relatedLinks", Links(page.Text("RELATED LINKS"))));
    }

    private static XElement SyntaxItem(CmdletFacts cmdlet, string set, Dictionary<string, IReadOnlyList<string>> texts) =>
        new(s_command + "syntaxItem",
            new XElement(s_maml + "name", cmdlet.Name),
            cmdlet.InSet(set).Select(x => Parameter(x.Parameter, x.Use, texts)));

    private static XElement Parameter(ParameterFacts parameter, ParameterUse use, Dictionary<string, IReadOnlyList<string>> texts)
    {
        var element = new XElement(s_command + "parameter",
            new XAttribute("required", Lower(use.Mandatory)),
            new XAttribute("variableLength", "true"),
            new XAttribute("globbing", Lower(parameter.TakesWildcards)),
            new XAttribute("pipelineInput", use.PipelineInput),
            new XAttribute("position", use.Position?.ToString(CultureInfo.InvariantCulture) ?? "named"),
            new XAttribute("aliases", parameter.Aliases.Count == 0 ? "none" : string.Join(", ", parameter.Aliases)),
            new XElement(s_maml + "name", parameter.Name),
            Description(texts.GetValueOrDefault(parameter.Name) ?? CommonText(parameter.Name)));
        if (parameter.Choices.Count > 0)
            element.Add(new XElement(s_command + "parameterValueGroup", parameter.Choices.Select(c =>
                new XElement(s_command + "parameterValue", new XAttribute("required", "false"), new XAttribute("variableLength", "false"), c))));
        if (!parameter.IsSwitch)
            element.Add(new XElement(s_command + "parameterValue", new XAttribute("required", "true"), new XAttribute("variableLength", "false"), parameter.TypeName));
        element.Add(new XElement(s_dev + "type", new XElement(s_maml + "name", parameter.TypeName), new XElement(s_maml + "uri")));
        return element;
    }

    private static IReadOnlyList<string> CommonText(string parameter) => parameter switch
    {
        "WhatIf" => ["Shows what would happen. Nothing is changed and no packet is sent."],
        "Confirm" => ["Asks before each change."],
        _ => [],
    };

    private static XElement Typed(string element, string type, IReadOnlyList<string> text) =>
        new(s_command + element,
            new XElement(s_dev + "type", new XElement(s_maml + "name", type)),
            Description(text));

    private static XElement Example(string title, IReadOnlyList<string> text, string code) =>
        new(s_command + "example",
            new XElement(s_maml + "title", $"----- {title} -----"),
            new XElement(s_dev + "code", code),
            new XElement(s_dev + "remarks", Paragraphs(text)));

    private static IEnumerable<XElement> Links(IReadOnlyList<string> text) =>
        text.SelectMany(t => t.Split(['\n', ' '], StringSplitOptions.RemoveEmptyEntries))
            .Where(t => t.Length > 1)
            .Select(t => new XElement(s_maml + "navigationLink", new XElement(s_maml + "linkText", t), new XElement(s_maml + "uri")));

    private static XElement Description(IReadOnlyList<string> text) => new(s_maml + "description", Paragraphs(text));

    private static IEnumerable<XElement> Paragraphs(IReadOnlyList<string> text) => text.Select(t => new XElement(s_maml + "para", t));

    private static string Lower(bool value) => value ? "true" : "false";
}
