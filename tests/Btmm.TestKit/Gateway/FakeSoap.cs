using System.Globalization;
using System.Net;
using System.Xml;
using System.Xml.Linq;
using Btmm.Core.NatTraversal;

namespace Btmm.TestKit;

/// <summary>The actions of a WAN connection service of a <see cref="FakeGateway"/>. Its gateway locks.</summary>
internal sealed class FakeSoap(FakeGateway gateway, FakeGatewayTable table)
{
    private const int InvalidAction = 401;
    private const int InvalidArgs = 402;
    private const int NotAuthorized = 606;
    private const int ArrayIndexInvalid = 713;
    private const int NoSuchEntry = 714;
    private const int WildcardNotPermitted = 716;
    private const int SamePortRequired = 724;

    /// <summary>The longest lease of IGD version 2, and what 0 means there.</summary>
    private static readonly TimeSpan s_longestLease = TimeSpan.FromSeconds(604800);

    private readonly List<FakeSoapRequest> _requests = [];

    internal IReadOnlyList<FakeSoapRequest> Requests => _requests;

    private FakeGatewayQuirks Quirks => gateway.Quirks;

    /// <summary>Notes the request, and does what it asks. Null for no answer, ever.</summary>
    internal FakeHttpResponse? Answer(FakeHttpRequest request, FakeIgdService service)
    {
        if (Read(request, service) is not { } asked)
        {
            gateway.Note(FakeGatewayProtocols.Igd, FakeGatewayRequestKind.Malformed, "SOAP", request.Client);
            return Fault(InvalidAction);
        }

        _requests.Add(asked);
        gateway.Note(FakeGatewayProtocols.Igd, Kind(asked.Action), asked.Action, request.Client);
        if (gateway.IgnoresHttp()) return null;
        object? outcome = Run(asked, service, request.Client.Address);
        if (Quirks.UnansweredActions.Contains(asked.Action)) return null;
        if (Quirks.GarbledActions.Contains(asked.Action)) return new FakeHttpResponse(200, "<html><body>Welcome</body></html>");
        return outcome switch
        {
            int error => Fault(error),
            (string, string)[] values => Success(asked, values),
            _ => Success(asked, []),
        };
    }

    private static FakeGatewayRequestKind Kind(string action) => action switch
    {
        "AddPortMapping" or "AddAnyPortMapping" => FakeGatewayRequestKind.Map,
        "DeletePortMapping" => FakeGatewayRequestKind.Delete,
        _ => FakeGatewayRequestKind.Query,
    };

    private static FakeSoapRequest? Read(FakeHttpRequest request, FakeIgdService service)
    {
        if (!request.Headers.TryGetValue("SOAPAction", out string? header) || !request.Headers.ContainsKey("Host")) return null;
        try
        {
            XElement? action = XDocument.Parse(request.Body).Root?.Elements().FirstOrDefault(e => e.Name.LocalName == "Body")?.Elements().FirstOrDefault();
            if (action is null || header != $"\"{service.Type}#{action.Name.LocalName}\"" || action.Name.NamespaceName != service.Type) return null;
            return new FakeSoapRequest(
                service.Type, action.Name.LocalName, action.Elements().ToDictionary(e => e.Name.LocalName, e => e.Value));
        }
        catch (XmlException)
        {
            return null;
        }
    }

    /// <summary>An error code as a number, or the answer's values, or null for an answer without values.</summary>
    private object? Run(FakeSoapRequest asked, FakeIgdService service, IPAddress client) => asked.Action switch
    {
        "GetExternalIPAddress" when Quirks.AddressError != 0 => Quirks.AddressError,
        "GetExternalIPAddress" => Values(
            ("NewExternalIPAddress", service.ExternalAddress ?? Quirks.IgdExternalAddress ?? gateway.ExternalAddress.ToString())),
        "GetStatusInfo" when Quirks.StatusError != 0 => Quirks.StatusError,
        "GetStatusInfo" => Values(
            ("NewConnectionStatus", service.Status),
            ("NewLastConnectionError", "ERROR_NONE"),
            ("NewUptime", gateway.Epoch.ToString(CultureInfo.InvariantCulture))),
        "AddPortMapping" => Add(asked, client, any: false),
        "AddAnyPortMapping" when service.Name.EndsWith(":1", StringComparison.Ordinal) => InvalidAction,
        "AddAnyPortMapping" when Quirks.AddAnyError != 0 => Quirks.AddAnyError,
        "AddAnyPortMapping" => Add(asked, client, any: true),
        "DeletePortMapping" => Delete(asked, client),
        "GetSpecificPortMappingEntry" when Quirks.EntryError != 0 => Quirks.EntryError,
        "GetSpecificPortMappingEntry" => Entry(asked),
        "GetGenericPortMappingEntry" => Entry(Number(asked, "NewPortMappingIndex")),
        _ => InvalidAction,
    };

    private object? Add(FakeSoapRequest asked, IPAddress client, bool any)
    {
        if (Quirks.AddError != 0) return Quirks.AddError;
        if (Protocol(asked) is not { } protocol) return InvalidArgs;
        (int external, int inner) = (Number(asked, "NewExternalPort"), Number(asked, "NewInternalPort"));
        int lease = Number(asked, "NewLeaseDuration");
        if (inner is < 1 or > ushort.MaxValue || external < 0 || external > Quirks.MaxExternalPort || lease < 0) return InvalidArgs;
        if (external == 0 && !any) return WildcardNotPermitted;
        if (Quirks.LeaseError != 0 && lease != 0) return Quirks.LeaseError;
        if (Quirks.DemandsSamePort && external != inner) return SamePortRequired;
        if (asked.Arguments.GetValueOrDefault("NewInternalClient") != client.ToString()) return NotAuthorized;
        FakeMapping? holder = table.ByExternal(protocol, external);
        bool own = holder?.Client.Equals(client) == true && !Quirks.RenewalConflicts;
        if (table.IsTaken(external) || holder is not null && !own)
        {
            if (!any) return Quirks.ConflictCode;
            external = table.FreePort(protocol, external);
        }

        FakeMapping mapping = new(protocol, client, inner, any ? external == 0 ? table.FreePort(protocol, 0) : external : external, gateway.Now)
        {
            MadeBy = FakeGatewayProtocols.Igd,
            Description = asked.Arguments.GetValueOrDefault("NewPortMappingDescription") ?? "",
        };
        table.Grant(mapping, Lease(lease));
        return any ? Values(("NewReservedPort", Quirks.AddAnyAnswer ?? mapping.ExternalPort.ToString(CultureInfo.InvariantCulture))) : null;
    }

    /// <summary>What a lease means: 0 is for ever, except in version 2 when it need not be.</summary>
    private TimeSpan? Lease(int seconds)
    {
        if (seconds == 0) return Quirks.IgdVersion >= 2 && Quirks.LeaseError == 0 ? s_longestLease : null;
        return TimeSpan.FromSeconds(seconds);
    }

    private object? Delete(FakeSoapRequest asked, IPAddress client)
    {
        if (Quirks.DeleteError != 0) return Quirks.DeleteError;
        if (Protocol(asked) is not { } protocol) return InvalidArgs;
        if (table.ByExternal(protocol, Number(asked, "NewExternalPort")) is not { } mapping) return NoSuchEntry;
        if (!Quirks.AnybodyDeletes && !mapping.Client.Equals(client)) return NotAuthorized;
        table.Remove(mapping);
        return null;
    }

    private object Entry(FakeSoapRequest asked)
    {
        if (Protocol(asked) is not { } protocol) return InvalidArgs;
        return table.ByExternal(protocol, Number(asked, "NewExternalPort")) is { } mapping ? Describe(mapping) : NoSuchEntry;
    }

    private object Entry(int index) => index >= 0 && index < table.Live.Count
        ? Values(
            [
                ("NewRemoteHost", ""),
                ("NewExternalPort", table.Live[index].ExternalPort.ToString(CultureInfo.InvariantCulture)),
                ("NewProtocol", table.Live[index].Protocol.ToString().ToUpperInvariant()),
                .. Describe(table.Live[index]),
            ])
        : ArrayIndexInvalid;

    private (string, string)[] Describe(FakeMapping mapping) =>
    [
        ("NewInternalPort", mapping.InternalPort.ToString(CultureInfo.InvariantCulture)),
        ("NewInternalClient", mapping.Client.ToString()),
        ("NewEnabled", "1"),
        ("NewPortMappingDescription", mapping.Description),
        ("NewLeaseDuration", mapping.IsPermanent
            ? "0"
            : Math.Ceiling((mapping.ExpiresAt - gateway.Now).TotalSeconds).ToString(CultureInfo.InvariantCulture)),
    ];

    private PortMappingProtocol? Protocol(FakeSoapRequest asked) => asked.Arguments.GetValueOrDefault("NewProtocol") switch
    {
        "UDP" => PortMappingProtocol.Udp,
        "TCP" => PortMappingProtocol.Tcp,
        { } other when !Quirks.DemandsUpperCase && other.Equals("UDP", StringComparison.OrdinalIgnoreCase) => PortMappingProtocol.Udp,
        { } other when !Quirks.DemandsUpperCase && other.Equals("TCP", StringComparison.OrdinalIgnoreCase) => PortMappingProtocol.Tcp,
        _ => null,
    };

    private static int Number(FakeSoapRequest asked, string name) =>
        int.TryParse(asked.Arguments.GetValueOrDefault(name), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : -1;

    private static (string, string)[] Values(params (string, string)[] values) => values;

    private FakeHttpResponse Success(FakeSoapRequest asked, (string Name, string Value)[] values)
    {
        string elements = Quirks.EmptyAnswers ? "" : string.Concat(values.Select(v => $"<{v.Name}>{new XText(v.Value)}</{v.Name}>"));
        return new FakeHttpResponse(
            200, Envelope($"<u:{asked.Action}Response xmlns:u=\"{asked.Service}\">{elements}</u:{asked.Action}Response>"));
    }

    private FakeHttpResponse Fault(int code)
    {
        if (Quirks.EmptyFaults) return new FakeHttpResponse(500, "");
        string body = $"""
            <s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail>
            <UPnPError xmlns="urn:schemas-upnp-org:control-1-0"><errorCode>{code}</errorCode><errorDescription>No</errorDescription></UPnPError>
            </detail></s:Fault>
            """;
        return new FakeHttpResponse(Quirks.FaultsWithOk ? 200 : 500, Envelope(body));
    }

    private static string Envelope(string body) => $"""
        <?xml version="1.0"?>
        <s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" s:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><s:Body>{body}</s:Body></s:Envelope>
        """;
}
