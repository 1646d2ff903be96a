using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Btmm.Architecture.Tests;

/// <summary>What the metadata of one built assembly says about whom it refers to.</summary>
internal sealed class AssemblyFacts
{
    private AssemblyFacts(string name, IReadOnlySet<string> assemblies, IReadOnlySet<string> members, IReadOnlyList<string> imports)
    {
        Name = name;
        ReferencedAssemblies = assemblies;
        ReferencedMembers = members;
        NativeImports = imports;
    }

    /// <summary>The assembly's simple name.</summary>
    public string Name { get; }

    /// <summary>Simple names of the assemblies it refers to.</summary>
    public IReadOnlySet<string> ReferencedAssemblies { get; }

    /// <summary>Types it refers to (<c>Namespace.Type</c>) and their members (<c>Namespace.Type.Member</c>).</summary>
    public IReadOnlySet<string> ReferencedMembers { get; }

    /// <summary>Methods implemented by a native library (<c>Type.Method</c>).</summary>
    public IReadOnlyList<string> NativeImports { get; }

    public static AssemblyFacts Load(string path)
    {
        using var pe = new PEReader(File.OpenRead(path));
        MetadataReader reader = pe.GetMetadataReader();
        return new AssemblyFacts(
            reader.GetString(reader.GetAssemblyDefinition().Name),
            reader.AssemblyReferences.Select(h => reader.GetString(reader.GetAssemblyReference(h).Name)).ToHashSet(),
            Members(reader).ToHashSet(),
            Imports(reader).ToList());
    }

    private static IEnumerable<string> Members(MetadataReader reader)
    {
        foreach (TypeReferenceHandle handle in reader.TypeReferences)
            yield return TypeName(reader, handle);
        foreach (MemberReferenceHandle handle in reader.MemberReferences)
        {
            MemberReference member = reader.GetMemberReference(handle);
            if (member.Parent.Kind == HandleKind.TypeReference)
                yield return TypeName(reader, (TypeReferenceHandle)member.Parent) + "." + reader.GetString(member.Name);
        }
    }

    private static string TypeName(MetadataReader reader, TypeReferenceHandle handle)
    {
        TypeReference type = reader.GetTypeReference(handle);
        return reader.GetString(type.Namespace) + "." + reader.GetString(type.Name);
    }

    private static IEnumerable<string> Imports(MetadataReader reader)
    {
        foreach (MethodDefinitionHandle handle in reader.MethodDefinitions)
        {
            MethodDefinition method = reader.GetMethodDefinition(handle);
            if (method.GetImport().Module.IsNil) continue;
            TypeDefinition owner = reader.GetTypeDefinition(method.GetDeclaringType());
            yield return reader.GetString(owner.Name) + "." + reader.GetString(method.Name);
        }
    }
}
