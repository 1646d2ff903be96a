using System.Text;
using System.Xml.Linq;

namespace Btmm.TestKit;

/// <summary>The InternetGatewayDevice of a <see cref="FakeGateway"/>: its description, and the way to its actions.</summary>
internal sealed class FakeIgd(FakeGateway gateway, FakeSoap soap)
{
    internal const string DescriptionPath = "/rootDesc.xml";

    private readonly List<FakeHttpRequest> _requests = [];

    internal IReadOnlyList<FakeHttpRequest> Requests => _requests;

    /// <summary>The services of a gateway without quirks.</summary>
    internal static IReadOnlyList<FakeIgdService> DefaultServices(int version) =>
        [new FakeIgdService($"WANIPConnection:{version}", "/ctl/IPConn")];

    /// <summary>The answer to a request; null for none, ever.</summary>
    internal FakeHttpResponse? Answer(FakeHttpRequest request) => gateway.Locked(() =>
    {
        _requests.Add(request);
        FakeIgdService? service = gateway.IgdServices.FirstOrDefault(candidate => Path(candidate.ControlPath) == request.Path);
        if (request.Method == "POST" && service is not null) return soap.Answer(request, service);
        bool description = request.Method == "GET" && request.Path == DescriptionPath;
        gateway.Note(
            FakeGatewayProtocols.Igd,
            description ? FakeGatewayRequestKind.Discover : FakeGatewayRequestKind.Malformed,
            description ? "GET" : $"{request.Method} {request.Path}",
            request.Client);
        if (gateway.IgnoresHttp()) return null;
        return description ? Describe() : new FakeHttpResponse(404, "");
    });

    /// <summary>The path that a client makes of a control URL.</summary>
    private string? Path(string? control)
    {
        if (control is null) return null;
        Uri root = new($"http://{gateway.Address}:{FakeHttp.Port}{DescriptionPath}");
        return Uri.TryCreate(root, control, out Uri? url) && url.Host == gateway.Address.ToString() ? url.PathAndQuery : null;
    }

    private FakeHttpResponse Describe()
    {
        FakeGatewayQuirks quirks = gateway.Quirks;
        if (quirks.DescriptionStatus is >= 300 and < 400) return new FakeHttpResponse(quirks.DescriptionStatus, "") { Location = quirks.RedirectTo };
        if (quirks.DescriptionStatus != 200) return new FakeHttpResponse(quirks.DescriptionStatus, "");
        if (quirks.Description is not null) return new FakeHttpResponse(200, quirks.Description);
        string head = $"""
            <?xml version="1.0"?>
            <root xmlns="urn:schemas-upnp-org:device-1-0"><specVersion><major>1</major><minor>0</minor></specVersion>
            {(quirks.UrlBase is null ? "" : $"<URLBase>{quirks.UrlBase}</URLBase>")}

            """;
        string devices = Device(
            "InternetGatewayDevice",
            Device("WANDevice", Device("WANConnectionDevice", services: string.Concat(gateway.IgdServices.Select(Service)))));
        return new FakeHttpResponse(200, $"{head}{devices}</root>")
        {
            Padding = quirks.DescriptionPadding,
            PaddingAt = Encoding.UTF8.GetByteCount(head),
        };
    }

    private string Device(string type, string inner = "", string services = "") => $"""
        <device><deviceType>urn:schemas-upnp-org:device:{type}:{gateway.Quirks.IgdVersion}</deviceType>
        <friendlyName>Fake {type}</friendlyName><manufacturer>Btmm</manufacturer><modelName>Fake</modelName>
        <UDN>uuid:00000000-0000-0000-0000-000000000000</UDN>
        {(services.Length == 0 ? "" : $"<serviceList>{services}</serviceList>")}
        {(inner.Length == 0 ? "" : $"<deviceList>{inner}</deviceList>")}
        </device>
        """;

    private static string Service(FakeIgdService service) => $"""
        <service><serviceType>{service.Type}</serviceType><serviceId>urn:upnp-org:serviceId:{service.Name[..^2]}1</serviceId>
        {(service.ControlPath is null ? "" : $"<controlURL>{new XText(service.ControlPath)}</controlURL>")}
        <eventSubURL>/evt</eventSubURL><SCPDURL>/scpd.xml</SCPDURL></service>
        """;
}
