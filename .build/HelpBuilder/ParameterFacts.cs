using System.Reflection;

namespace Btmm.HelpBuilder;

/// <summary>How a parameter is used in one set.</summary>
internal sealed record ParameterUse(bool Mandatory, int? Position, string PipelineInput);

/// <summary>What a parameter property declares.</summary>
internal sealed record ParameterFacts(
    string Name, string TypeName, bool IsSwitch, bool TakesWildcards, IReadOnlyList<string> Aliases,
    IReadOnlyList<string> Choices, IReadOnlyDictionary<string, ParameterUse> Sets)
{
    public static ParameterFacts CommonSwitch(string name, string alias) =>
        new(name, "SwitchParameter", true, false, [alias], [], CmdletFacts.EverySet);

    public static ParameterFacts? TryRead(PropertyInfo property)
    {
        var uses = property.CustomAttributes.Where(a => a.AttributeType.Name == "ParameterAttribute").Select(ReadUse).ToList();
        if (uses.Count == 0) return null;
        Type type = Nullable(property.PropertyType) ?? property.PropertyType;
        Type element = type.IsArray ? type.GetElementType()! : type;
        return new ParameterFacts(
            property.Name,
            Display(type),
            type.Name == "SwitchParameter",
            property.CustomAttributes.Any(a => a.AttributeType.Name == "SupportsWildcardsAttribute"),
            Strings(property, "AliasAttribute"),
            element.IsEnum ? [.. element.GetFields(BindingFlags.Static | BindingFlags.Public).Select(f => f.Name)] : Strings(property, "ValidateSetAttribute"),
            uses.ToDictionary(u => u.Set, u => u.Use));
    }

    private static (string Set, ParameterUse Use) ReadUse(CustomAttributeData attribute)
    {
        var named = attribute.NamedArguments.ToDictionary(a => a.MemberName, a => a.TypedValue.Value);
        bool byValue = named.GetValueOrDefault("ValueFromPipeline") is true;
        bool byName = named.GetValueOrDefault("ValueFromPipelineByPropertyName") is true;
        string pipeline = (byValue, byName) switch
        {
            (true, true) => "True (ByValue, ByPropertyName)",
            (true, false) => "True (ByValue)",
            (false, true) => "True (ByPropertyName)",
            _ => "False",
        };
        return (CmdletFacts.SetOf(named), new ParameterUse(named.GetValueOrDefault("Mandatory") is true, named.GetValueOrDefault("Position") as int?, pipeline));
    }

    private static IReadOnlyList<string> Strings(PropertyInfo property, string attributeName)
    {
        CustomAttributeData? attribute = property.CustomAttributes.FirstOrDefault(a => a.AttributeType.Name == attributeName);
        if (attribute is null || attribute.ConstructorArguments.Count == 0) return [];
        return attribute.ConstructorArguments[0].Value is IReadOnlyCollection<CustomAttributeTypedArgument> values
            ? [.. values.Select(v => (string)v.Value!)]
            : [];
    }

    private static Type? Nullable(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition().Name == "Nullable`1" ? type.GetGenericArguments()[0] : null;

    private static string Display(Type type) => type.IsArray ? Display(type.GetElementType()!) + "[]" : type.Name;
}
