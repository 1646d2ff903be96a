using System.Reflection;

namespace Btmm.HelpBuilder;

/// <summary>What a cmdlet class declares.</summary>
internal sealed class CmdletFacts
{
    private const string AnySet = "__AllParameterSets";

    private CmdletFacts(string verb, string noun, string? defaultSet, IReadOnlyList<ParameterFacts> parameters)
    {
        Verb = verb;
        Noun = noun;
        Parameters = parameters;
        IEnumerable<string> sets = parameters.SelectMany(p => p.Sets.Keys).Where(s => s != AnySet).Distinct();
        Sets = sets.Any() ? [.. sets.OrderByDescending(s => s == defaultSet)] : [AnySet];
    }

    public string Verb { get; }

    public string Noun { get; }

    public string Name => $"{Verb}-{Noun}";

    public IReadOnlyList<ParameterFacts> Parameters { get; }

    /// <summary>The parameter sets, the default one first.</summary>
    public IReadOnlyList<string> Sets { get; }

    /// <summary>The parameters of one set in the order of the syntax line: by position, then mandatory ones first.</summary>
    public IEnumerable<(ParameterFacts Parameter, ParameterUse Use)> InSet(string set) =>
        Parameters
            .Select(p => (p, Use: p.Sets.GetValueOrDefault(set) ?? p.Sets.GetValueOrDefault(AnySet)))
            .Where(x => x.Use is not null)
            .Select(x => (x.p, x.Use!))
            .OrderBy(x => x.Item2.Position ?? int.MaxValue)
            .ThenByDescending(x => x.Item2.Mandatory);

    public static CmdletFacts? TryRead(Type type)
    {
        CustomAttributeData? cmdlet = type.CustomAttributes.FirstOrDefault(a => a.AttributeType.Name == "CmdletAttribute");
        if (cmdlet is null) return null;
        var named = cmdlet.NamedArguments.ToDictionary(a => a.MemberName, a => a.TypedValue.Value);
        List<ParameterFacts> parameters = [.. type.GetProperties().Select(ParameterFacts.TryRead).OfType<ParameterFacts>()];
        if (named.GetValueOrDefault("SupportsShouldProcess") is true)
            parameters.AddRange([ParameterFacts.CommonSwitch("WhatIf", "wi"), ParameterFacts.CommonSwitch("Confirm", "cf")]);
        return new CmdletFacts(
            (string)cmdlet.ConstructorArguments[0].Value!,
            (string)cmdlet.ConstructorArguments[1].Value!,
            (string?)named.GetValueOrDefault("DefaultParameterSetName"),
            parameters);
    }

    internal static string SetOf(IReadOnlyDictionary<string, object?> named) => named.GetValueOrDefault("ParameterSetName") as string ?? AnySet;

    internal static IReadOnlyDictionary<string, ParameterUse> EverySet { get; } =
        new Dictionary<string, ParameterUse> { [AnySet] = new(false, null, "False") };
}
