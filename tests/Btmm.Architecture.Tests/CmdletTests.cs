using System.Reflection;
using System.Runtime.InteropServices;

namespace Btmm.Architecture.Tests;

/// <summary>What every cmdlet class must declare, read from metadata: none of their code runs.</summary>
public sealed class CmdletTests
{
    private static readonly HashSet<string> s_approvedVerbs =
    [
        "Add", "Clear", "Connect", "Disconnect", "Export", "Get", "Import", "Install", "Invoke", "Measure", "New", "Publish",
        "Register", "Remove", "Rename", "Reset", "Resolve", "Restart", "Set", "Start", "Stop", "Test", "Uninstall",
        "Unpublish", "Unregister", "Update", "Wait", "Watch",
    ];

    // Verbs that only look, or make an object in memory.
    private static readonly HashSet<string> s_readingVerbs = ["Get", "Import", "Measure", "Resolve", "Test", "Watch"];

    private static readonly string s_source = FindSource();

    public static TheoryData<string> Cmdlets
    {
        get
        {
            using MetadataLoadContext context = Open(out Assembly module);
            return [.. Classes(module).Select(t => t.FullName!)];
        }
    }

    [Theory, MemberData(nameof(Cmdlets))]
    public void Cmdlet_Metadata_IsComplete(string typeName)
    {
        using MetadataLoadContext context = Open(out Assembly module);
        Type type = module.GetType(typeName)!;
        (string verb, string noun, bool changes) = Names(type);

        Assert.Contains(verb, s_approvedVerbs);
        Assert.Matches("^(Btmm|NatPmp)[A-Z]", noun);
        Assert.False(noun.EndsWith('s') && !noun.EndsWith("ss", StringComparison.Ordinal), $"{noun} is a plural");
        Assert.Equal($"{verb}{noun}Command", type.Name);
        Assert.True(type.IsSealed, "cmdlets are sealed");
        Assert.Contains(type.CustomAttributes, a => a.AttributeType.Name == "OutputTypeAttribute");
        if (s_readingVerbs.Contains(verb) && !BringsSomethingToAServer(verb, noun))
            Assert.False(changes, $"{verb} changes nothing, so it has nothing to confirm");
        else if (!MakesAnObjectOnly(verb, noun))
            Assert.True(changes, $"{verb} changes something and must support -WhatIf");
    }

    [Theory, MemberData(nameof(Cmdlets))]
    public void Cmdlet_Page_CoversEveryParameterAndThreeExamples(string typeName)
    {
        using MetadataLoadContext context = Open(out Assembly module);
        Type type = module.GetType(typeName)!;
        (string verb, string noun, _) = Names(type);
        string path = Path.Combine(s_source, "module", "help", "en-US", $"{verb}-{noun}.md");
        Assert.True(File.Exists(path), $"{path} is missing");
        string page = File.ReadAllText(path);

        foreach (string section in new[] { "SYNOPSIS", "SYNTAX", "DESCRIPTION", "EXAMPLES", "PARAMETERS", "OUTPUTS" })
            Assert.Contains($"\n## {section}\n", page, StringComparison.Ordinal);
        foreach (string parameter in Parameters(type))
            Assert.Contains($"\n### -{parameter}\n", page, StringComparison.Ordinal);
        int examples = page.Split('\n').Count(l => l.StartsWith("### Example ", StringComparison.Ordinal));
        Assert.True(examples >= 3, $"{verb}-{noun} has {examples} examples");
    }

    [Fact]
    public void Manifest_CmdletsToExport_AreTheClasses()
    {
        using MetadataLoadContext context = Open(out Assembly module);
        string manifest = File.ReadAllText(Path.Combine(s_source, "Btmm.psd1"));
        string list = manifest[manifest.IndexOf("CmdletsToExport", StringComparison.Ordinal)..];
        list = list[..list.IndexOf(')', StringComparison.Ordinal)];
        IEnumerable<string> exported = list.Split('\'').Where((_, i) => i % 2 == 1).Order(StringComparer.Ordinal);
        IEnumerable<string> classes = Classes(module).Select(Names).Select(n => $"{n.Verb}-{n.Noun}").Order(StringComparer.Ordinal);
        Assert.Equal(classes, exported);
    }

    // New-… of an account makes an object and touches nothing outside.
    private static bool MakesAnObjectOnly(string verb, string noun) => verb == "New" && noun is "BtmmAccount";

    // Import-… of a zone or a key changes a zone service.
    private static bool BringsSomethingToAServer(string verb, string noun) => verb == "Import" && noun is "BtmmZone" or "BtmmTsigKey";

    private static IEnumerable<string> Parameters(Type type) =>
        type.GetProperties().Where(p => p.CustomAttributes.Any(a => a.AttributeType.Name == "ParameterAttribute")).Select(p => p.Name);

    private static IEnumerable<Type> Classes(Assembly module) =>
        module.GetTypes().Where(t => t.CustomAttributes.Any(a => a.AttributeType.Name == "CmdletAttribute"));

    private static (string Verb, string Noun, bool Changes) Names(Type type)
    {
        CustomAttributeData cmdlet = type.CustomAttributes.First(a => a.AttributeType.Name == "CmdletAttribute");
        bool changes = cmdlet.NamedArguments.Any(a => a.MemberName == "SupportsShouldProcess" && a.TypedValue.Value is true);
        return ((string)cmdlet.ConstructorArguments[0].Value!, (string)cmdlet.ConstructorArguments[1].Value!, changes);
    }

    private static MetadataLoadContext Open(out Assembly module)
    {
        IEnumerable<string> paths = Directory.EnumerateFiles(AppContext.BaseDirectory, "*.dll")
            .Concat(Directory.EnumerateFiles(RuntimeEnvironment.GetRuntimeDirectory(), "*.dll"))
            .DistinctBy(Path.GetFileName);
        var context = new MetadataLoadContext(new PathAssemblyResolver(paths));
        module = context.LoadFromAssemblyPath(Path.Combine(AppContext.BaseDirectory, "Btmm.PowerShell.dll"));
        return context;
    }

    private static string FindSource()
    {
        DirectoryInfo? directory = new(AppContext.BaseDirectory);
        while (directory is not null && !File.Exists(Path.Combine(directory.FullName, "Btmm.psd1"))) directory = directory.Parent;
        return directory?.FullName ?? throw new DirectoryNotFoundException("the checkout's top was not found above the test");
    }
}
