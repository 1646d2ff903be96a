namespace Btmm.Interop.Tests.Dns;

/// <summary>BIND 9.</summary>
public sealed class BindServer() : NameServer("named")
{
    protected override IReadOnlyList<string> Configure(int port)
    {
        Write("zone.db", ZoneText(port));
        string keys = string.Concat(Keys.Select(key =>
            $"key \"{key.Key}\" {{ algorithm {key.Value}; secret \"{Convert.ToBase64String(Secret(key.Key))}\"; }};\n"));
        string grants = string.Concat(Keys.Keys.Select(name => $"grant \"{name}\" subdomain {Account}. ANY; "));
        string configuration = Write("named.conf", $$"""
            options {
              directory "{{Directory}}"; pid-file "{{Directory}}/named.pid"; session-keyfile "{{Directory}}/session.key"; lock-file none;
              listen-on port {{port}} { 127.0.0.1; }; listen-on-v6 { none; };
              recursion no; dnssec-validation no; notify no; minimal-responses no;
            };
            controls { };
            logging { channel err { stderr; severity info; }; category default { err; }; };
            {{keys}}
            zone "{{ZoneName}}" { type primary; file "zone.db"; update-policy { {{grants}} }; };
            """);
        return ["-f", "-c", configuration];
    }
}
