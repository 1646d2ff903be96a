namespace Btmm.Interop.Tests.Dns;

/// <summary>Knot DNS.</summary>
public sealed class KnotServer() : NameServer("knotd")
{
    protected override IReadOnlyList<string> Configure(int port)
    {
        Write("members.zone", ZoneText(port));
        string keys = string.Concat(Keys.Select(key =>
            $"  - id: {key.Key}.\n    algorithm: {key.Value}\n    secret: {Convert.ToBase64String(Secret(key.Key))}\n"));
        System.IO.Directory.CreateDirectory(Path.Combine(Directory, "db"));
        string names = string.Join(", ", Keys.Keys.Select(name => name + "."));
        string configuration = Write("knot.conf", $"""
            server:
                rundir: "{Directory}"
                pidfile: "{Directory}/knot.pid"
                listen: [ 127.0.0.1@{port} ]
            log:
              - target: stderr
                any: info
            database:
                storage: "{Directory}/db"
            key:
            {keys}
            acl:
              - id: alice
                key: [ {names} ]
                action: update
                update-owner: name
                update-owner-match: sub-or-equal
                update-owner-name: [ {Account}. ]
            zone:
              - domain: {ZoneName}
                storage: "{Directory}"
                file: "members.zone"
                zonefile-load: difference-no-serial
                journal-content: all
                zonefile-sync: -1
                acl: alice
            """);
        return ["-c", configuration];
    }
}
