namespace Btmm.Architecture.Tests;

/// <summary>The rooms of the house, read from the built assemblies: who may refer to whom, and who may touch the outside.</summary>
public sealed class RoomTests
{
    private static readonly Dictionary<string, string[]> s_mayRefer = new()
    {
        ["Btmm.Protocol"] = [],
        ["Btmm.Core"] = ["Btmm.Protocol"],
        ["Btmm.Server"] = ["Btmm.Protocol", "Btmm.Core"],
        ["Btmm.Platform"] = ["Btmm.Protocol", "Btmm.Core"],
        ["Btmm.PowerShell"] = ["Btmm.Protocol", "Btmm.Core", "Btmm.Server", "Btmm.Platform"],
        ["btmmd"] = ["Btmm.Protocol", "Btmm.Core", "Btmm.Server", "Btmm.Platform"],
    };

    // What a pure room must be given instead of taking it: the network, time, threads, chance and files.
    private static readonly string[] s_impure =
    [
        "System.Net.Sockets.",
        "System.Threading.Thread", "System.Threading.Tasks.Task.Run", "System.Threading.Tasks.Task.Delay", "System.Threading.Timer",
        "System.DateTime.get_Now", "System.DateTime.get_UtcNow", "System.DateTimeOffset.get_Now", "System.DateTimeOffset.get_UtcNow",
        "System.Diagnostics.Stopwatch", "System.Environment.get_TickCount", "System.TimeProvider.get_System",
        "System.Random", "System.Security.Cryptography.RandomNumberGenerator", "System.Guid.NewGuid",
        "System.IO.File", "System.IO.Directory", "System.Console", "System.Net.Dns",
    ];

    // It lives among the sockets, but tells IPv4 addresses from IPv6 ones without touching any.
    private const string JustAnEnum = "System.Net.Sockets.AddressFamily";

    private static readonly string[] s_databases = ["Microsoft.Data.Sqlite", "SQLitePCLRaw.core", "Npgsql"];

    public static TheoryData<string> Rooms => [.. s_mayRefer.Keys];

    [Theory, MemberData(nameof(Rooms))]
    public void Room_References_StayBelowIt(string room)
    {
        IEnumerable<string> ours = Load(room).ReferencedAssemblies.Where(s_mayRefer.ContainsKey);
        Assert.Empty(ours.Except(s_mayRefer[room]));
    }

    [Theory, MemberData(nameof(Rooms))]
    public void Room_OtherThanPowerShell_DoesNotNameItsAutomation(string room)
    {
        bool names = Load(room).ReferencedAssemblies.Contains("System.Management.Automation");
        Assert.Equal(room == "Btmm.PowerShell", names);
    }

    [Theory, MemberData(nameof(Rooms))]
    public void Room_OtherThanPlatform_ImportsNothingNative(string room)
    {
        IReadOnlyList<string> imports = Load(room).NativeImports;
        if (room == "Btmm.Platform") Assert.NotEmpty(imports);
        else Assert.Empty(imports);
    }

    [Theory, MemberData(nameof(Rooms))]
    public void Room_OtherThanServer_NamesNoDatabase(string room)
    {
        if (room != "Btmm.Server") Assert.Empty(Load(room).ReferencedAssemblies.Intersect(s_databases));
    }

    [Fact]
    public void Protocol_References_ArePure()
    {
        IEnumerable<string> taken = Load("Btmm.Protocol").ReferencedMembers
            .Where(member => s_impure.Any(impure => Names(member, impure)))
            .Where(member => !Names(member, JustAnEnum));
        Assert.Empty(taken);
    }

    [Fact]
    public void Rooms_OutsideTheFramework_ReferToNothingElse()
    {
        IEnumerable<string> foreign = s_mayRefer.Keys.SelectMany(room => Load(room).ReferencedAssemblies)
            .Where(name => !s_mayRefer.ContainsKey(name))
            .Where(name => !name.StartsWith("System.", StringComparison.Ordinal) && name is not ("netstandard" or "Microsoft.Win32.Primitives"))
            .Except(s_databases);
        Assert.Empty(foreign.Distinct());
    }

    private static bool Names(string member, string impure) =>
        impure.EndsWith('.')
            ? member.StartsWith(impure, StringComparison.Ordinal)
            : member == impure || member.StartsWith(impure + ".", StringComparison.Ordinal);

    private static AssemblyFacts Load(string room) => AssemblyFacts.Load(Path.Combine(AppContext.BaseDirectory, room + ".dll"));
}
