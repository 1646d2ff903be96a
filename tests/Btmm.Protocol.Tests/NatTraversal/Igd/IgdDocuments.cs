using System.Text;

namespace Btmm.Protocol.Tests.NatTraversal;

/// <summary>Device descriptions and SOAP answers in the shapes that gateways send them, good and odd.</summary>
internal static class IgdDocuments
{
    /// <summary>The shape of a gateway of version 2: three devices, one in another.</summary>
    public static readonly byte[] Nested = Bytes("""
        <?xml version="1.0"?>
        <root xmlns="urn:schemas-upnp-org:device-1-0" configId="1">
         <specVersion><major>1</major><minor>1</minor></specVersion>
         <device>
          <deviceType>urn:schemas-upnp-org:device:InternetGatewayDevice:2</deviceType>
          <friendlyName>Attic router</friendlyName><manufacturer>Example</manufacturer>
          <modelName>R7</modelName><modelNumber>2.1</modelNumber><UDN>uuid:00000000-0000-0000-0000-000000000001</UDN>
          <serviceList><service><serviceType>urn:schemas-upnp-org:service:Layer3Forwarding:1</serviceType><controlURL>/ctl/L3F</controlURL></service></serviceList>
          <deviceList><device>
           <deviceType>urn:schemas-upnp-org:device:WANDevice:2</deviceType><friendlyName>Outside</friendlyName>
           <serviceList><service><serviceType>urn:schemas-upnp-org:service:WANCommonInterfaceConfig:1</serviceType><controlURL>/ctl/Cmn</controlURL></service></serviceList>
           <deviceList><device>
            <deviceType>urn:schemas-upnp-org:device:WANConnectionDevice:2</deviceType>
            <serviceList><service>
             <serviceType>urn:schemas-upnp-org:service:WANIPConnection:2</serviceType><serviceId>urn:upnp-org:serviceId:WANIPConn1</serviceId>
             <SCPDURL>/ip.xml</SCPDURL><controlURL>/ctl/IPConn</controlURL><eventSubURL>/evt/IPConn</eventSubURL>
            </service></serviceList>
           </device></deviceList>
          </device></deviceList>
         </device>
        </root>
        """);

    /// <summary>A base without a slash at its end, and a control URL without one at its beginning.</summary>
    public static readonly byte[] UrlBase = Bytes($"""
        <root><URLBase>http://192.168.1.1:5431</URLBase><device><friendlyName>Base</friendlyName>
        {Service("urn:schemas-upnp-org:service:WANIPConnection:1", "uuid:1/WANIPConnection:1")}</device></root>
        """);

    /// <summary>An empty base.</summary>
    public static readonly byte[] EmptyUrlBase = Bytes($"""
        <root><URLBase/><device>{Service("urn:schemas-upnp-org:service:WANIPConnection:1", "upnp/control/1")}</device></root>
        """);

    /// <summary>Two connections by DHCP and one by PPP, as with a second line.</summary>
    public static readonly byte[] SeveralServices = Bytes($"""
        <root><device><deviceList>
        <device>{Service("urn:schemas-upnp-org:service:WANPPPConnection:1", "/ppp")}</device>
        <device>{Service("urn:schemas-upnp-org:service:WANIPConnection:1", "/ip1")}</device>
        <device>{Service("urn:schemas-upnp-org:service:WANIPConnection:2", "/ip2")}</device>
        </deviceList></device></root>
        """);

    /// <summary>Prefixes that nobody declared, and a namespace of the maker's own.</summary>
    public static readonly byte[] BadNamespaces = Bytes($"""
        <dev:root xmlns="maker"><dev:device><pnpx:X_hardwareId>1</pnpx:X_hardwareId><dlna:X>2</dlna:X>
        {Service("urn:schemas-upnp-org:service:WANIPConnection:1", "/c")}</dev:device></dev:root>
        """);

    /// <summary>Names and types in the wrong case.</summary>
    public static readonly byte[] WrongCase = Bytes("""
        <Root><Device><FriendlyName>Case</FriendlyName><ServiceList><Service>
        <ServiceType>urn:schemas-upnp-org:service:wanipconnection:1</ServiceType><ControlUrl>/c</ControlUrl>
        </Service></ServiceList></Device></Root>
        """);

    /// <summary>A mark, blank lines before the declaration, a bare ampersand, a byte that is not UTF-8, a NUL, and junk at the end.</summary>
    public static readonly byte[] Untidy =
    [
        0xEF, 0xBB, 0xBF,
        .. Bytes("\r\n\r\n<?xml version=\"1.0\" encoding=\"gb2312\"?><root><device><friendlyName>Smith & Sons &copy;"), 0xA9, 0x07,
        .. Bytes($"</friendlyName>{Service("urn:schemas-upnp-org:service:WANIPConnection:1", "/c?a=1&b=2&amp;c=3")}</device></root>\0\0<junk"),
    ];

    /// <summary>Services of other kinds, without a type, without a URL, nested wrongly, and one type without a version.</summary>
    public static readonly byte[] Junk = Bytes($"""
        <root><device><serviceList><service/><service><controlURL>/none</controlURL></service>
        {Service("urn:schemas-upnp-org:service:WANIPConnection:1", "")}{Service("urn:schemas-wifialliance-org:service:WFAWLANConfig:1", "/w")}
        {Service("urn:schemas-upnp-org:service:WANIPConnection:x", "/x")}{Service("urn:schemas-upnp-org:service:WANIPConnection:1\" evil", "/e")}
        {Service("urn:schemas-upnp-org:service:WANIPConnection", "/good")}
        <service><serviceType>urn:schemas-upnp-org:service:WANIPv6FirewallControl:1</serviceType><controlURL>/6</controlURL></service>
        </serviceList></device></root>
        """);

    /// <summary>As little as a description can be.</summary>
    public static readonly byte[] Small = Bytes(
        "<root><device><service><serviceType>a:WANIPConnection:1</serviceType><controlURL>/c</controlURL></service></device></root>");

    /// <summary>An answer with a value.</summary>
    public static readonly byte[] Address = Soap(
        "<u:GetExternalIPAddressResponse xmlns:u=\"urn:schemas-upnp-org:service:WANIPConnection:1\"><NewExternalIPAddress>203.0.113.10</NewExternalIPAddress></u:GetExternalIPAddressResponse>");

    /// <summary>An answer to GetStatusInfo.</summary>
    public static readonly byte[] Status = Soap(
        "<u:GetStatusInfoResponse xmlns:u=\"u\"><NewConnectionStatus>Connected</NewConnectionStatus><NewLastConnectionError>ERROR_NONE</NewLastConnectionError><NewUptime>4711</NewUptime></u:GetStatusInfoResponse>");

    /// <summary>An answer to GetSpecificPortMappingEntry.</summary>
    public static readonly byte[] Entry = Soap(
        "<u:GetSpecificPortMappingEntryResponse xmlns:u=\"u\"><NewInternalPort>4500</NewInternalPort><NewInternalClient>192.168.1.100</NewInternalClient><NewEnabled>1</NewEnabled><NewPortMappingDescription>btmm</NewPortMappingDescription><NewLeaseDuration>3599</NewLeaseDuration></u:GetSpecificPortMappingEntryResponse>");

    /// <summary>An answer without values.</summary>
    public static readonly byte[] Empty = Soap("<u:AddPortMappingResponse xmlns:u=\"u\"/>");

    /// <summary>A fault as it should be.</summary>
    public static readonly byte[] Fault = FaultOf(718, "ConflictInMappingEntry");

    /// <summary>Every description.</summary>
    public static readonly IReadOnlyList<byte[]> Descriptions =
        [Nested, UrlBase, EmptyUrlBase, SeveralServices, BadNamespaces, WrongCase, Untidy, Junk, Small];

    /// <summary>Every answer.</summary>
    public static readonly IReadOnlyList<byte[]> Answers = [Address, Status, Entry, Empty, Fault];

    public static byte[] FaultOf(int code, string description) => Soap(
        $"<s:Fault><faultcode>s:Client</faultcode><faultstring>UPnPError</faultstring><detail><UPnPError xmlns=\"urn:schemas-upnp-org:control-1-0\"><errorCode>{code}</errorCode><errorDescription>{description}</errorDescription></UPnPError></detail></s:Fault>");

    public static byte[] Bytes(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Soap(string body) => Bytes(
        $"<?xml version=\"1.0\"?>\r\n<s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" s:encodingStyle=\"http://schemas.xmlsoap.org/soap/encoding/\"><s:Body>{body}</s:Body></s:Envelope>\r\n");

    private static string Service(string type, string control) =>
        $"<serviceList><service><serviceType>{type}</serviceType><SCPDURL>/s.xml</SCPDURL><controlURL>{control}</controlURL></service></serviceList>";
}
