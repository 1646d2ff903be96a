using System.Globalization;
using System.Text;

namespace Btmm.Protocol.NatTraversal.Igd;

/// <summary>
/// A SOAP request to a service of a gateway. Its arguments are in the order of UPnP's templates: some gateways read them by
/// position. Immutable.
/// </summary>
public sealed class IgdRequest
{
    private readonly (string Name, string Value)[] _arguments;

    private IgdRequest(string serviceType, string action, params (string Name, string Value)[] arguments)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        ServiceType = serviceType;
        Action = action;
        _arguments = arguments;
    }

    /// <summary>The service's type.</summary>
    public string ServiceType { get; }

    /// <summary>The action's name.</summary>
    public string Action { get; }

    /// <summary>The value of the SOAPAction header, quotes included (UDA 1.1 §3.2.1).</summary>
    public string SoapAction => $"\"{ServiceType}#{Action}\"";

    /// <summary>Asks whether the connection is up, and since when.</summary>
    public static IgdRequest GetStatusInfo(string serviceType) => new(serviceType, "GetStatusInfo");

    /// <summary>Asks for the external address.</summary>
    public static IgdRequest GetExternalIPAddress(string serviceType) => new(serviceType, "GetExternalIPAddress");

    /// <summary>Asks for a mapping with just this external port, or for its renewal.</summary>
    public static IgdRequest AddPortMapping(string serviceType, IgdMapping mapping) =>
        new(serviceType, "AddPortMapping", Arguments(mapping));

    /// <summary>Asks for a mapping with this external port or another one (IGD:2 only).</summary>
    public static IgdRequest AddAnyPortMapping(string serviceType, IgdMapping mapping) =>
        new(serviceType, "AddAnyPortMapping", Arguments(mapping));

    /// <summary>Asks for the end of a mapping.</summary>
    public static IgdRequest DeletePortMapping(string serviceType, IgdTransport transport, ushort externalPort) =>
        new(serviceType, "DeletePortMapping", Key(transport, externalPort));

    /// <summary>Asks where an external port leads to.</summary>
    public static IgdRequest GetSpecificPortMappingEntry(string serviceType, IgdTransport transport, ushort externalPort) =>
        new(serviceType, "GetSpecificPortMappingEntry", Key(transport, externalPort));

    /// <summary>Asks for one mapping of the gateway's list.</summary>
    /// <param name="serviceType">The service's type.</param>
    /// <param name="index">Its place there, from 0.</param>
    public static IgdRequest GetGenericPortMappingEntry(string serviceType, ushort index) =>
        new(serviceType, "GetGenericPortMappingEntry", ("NewPortMappingIndex", Text(index)));

    /// <summary>Writes the body; false when <paramref name="destination"/> is too small.</summary>
    public bool TryWrite(Span<byte> destination, out int written)
    {
        StringBuilder body = new(1024);
        body.Append("<?xml version=\"1.0\"?>\r\n")
            .Append("<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" ")
            .Append("s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>")
            .Append(CultureInfo.InvariantCulture, $"<u:{Action} xmlns:u=\"{Escaped(ServiceType)}\">");
        foreach ((string name, string value) in _arguments)
            body.Append(CultureInfo.InvariantCulture, $"<{name}>{Escaped(value)}</{name}>");
        body.Append(CultureInfo.InvariantCulture, $"</u:{Action}></s:Body></s:Envelope>\r\n");
        return Encoding.UTF8.TryGetBytes(body.ToString(), destination, out written);
    }

    private static (string Name, string Value)[] Arguments(IgdMapping mapping)
    {
        ArgumentNullException.ThrowIfNull(mapping);
        ArgumentOutOfRangeException.ThrowIfZero(mapping.ExternalPort);
        ArgumentOutOfRangeException.ThrowIfZero(mapping.InternalPort);
        return
        [
            .. Key(mapping.Transport, mapping.ExternalPort),
            ("NewInternalPort", Text(mapping.InternalPort)),
            ("NewInternalClient", mapping.InternalClient.ToString()),
            ("NewEnabled", "1"),
            ("NewPortMappingDescription", mapping.Description),
            ("NewLeaseDuration", Text(mapping.LeaseSeconds)),
        ];
    }

    // The remote host is always empty: from anywhere.
    private static (string Name, string Value)[] Key(IgdTransport transport, ushort externalPort) =>
    [
        ("NewRemoteHost", ""),
        ("NewExternalPort", Text(externalPort)),
        ("NewProtocol", transport == IgdTransport.Tcp ? "TCP" : "UDP"),
    ];

    private static string Text(uint number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Escaped(string value)
    {
        StringBuilder text = new(value.Length);
        foreach (char c in value)
        {
            _ = c switch
            {
                '&' => text.Append("&amp;"),
                '<' => text.Append("&lt;"),
                '>' => text.Append("&gt;"),
                '"' => text.Append("&quot;"),
                _ => text.Append(char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c),
            };
        }

        return text.ToString();
    }
}
