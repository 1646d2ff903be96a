using System.Net;

namespace Btmm.TestKit;

/// <summary>UPnP IGD: SSDP, the description and HTTP.</summary>
public sealed partial record FakeGatewayQuirks
{
    /// <summary>The version of the InternetGatewayDevice: 1 knows neither AddAnyPortMapping nor a longest lease.</summary>
    public int IgdVersion { get; init; } = 2;

    /// <summary>
    /// The WAN connection services, in the description's order; null for one WANIPConnection of <see cref="IgdVersion"/>. Legacy
    /// DSL routers have WANPPPConnection:1, many have both and one of them without a connection.
    /// </summary>
    public IReadOnlyList<FakeIgdService>? IgdServices { get; init; }

    /// <summary>By which ways searches are heard: some answer to unicast only, most others to multicast only (rdar 5736845).</summary>
    public FakeSsdpWays SsdpWays { get; init; } = FakeSsdpWays.Both;

    /// <summary>Only searches for these targets are answered; null for all that fit. Each is the end of the target's URN.</summary>
    public IReadOnlyList<string>? SsdpTargets { get; init; }

    /// <summary>Answers to searches come from this port instead of 1900; 0 for no quirk (tailscale issue 10771).</summary>
    public int SsdpAnswerPort { get; init; }

    /// <summary>Answers to searches come from this address: somebody else on the link.</summary>
    public IPAddress? SsdpAnswerAddress { get; init; }

    /// <summary>The LOCATION of the description; null for the right one, "" for none.</summary>
    public string? SsdpLocation { get; init; }

    /// <summary>Further answers to each search, with these LOCATIONs: several devices in one box.</summary>
    public IReadOnlyList<string> SsdpMoreLocations { get; init; } = [];

    /// <summary>The URLBase element of the description; null for none, "" for an empty one (rdar 7026146).</summary>
    public string? UrlBase { get; init; }

    /// <summary>The description instead of the right one: nonsense, bombs.</summary>
    public string? Description { get; init; }

    /// <summary>White space in the description, in bytes; it comes before the device. -1 for an endless one.</summary>
    public long DescriptionPadding { get; init; }

    /// <summary>The status of answers to GET instead of 200; 302 leads to <see cref="RedirectTo"/>.</summary>
    public int DescriptionStatus { get; init; } = 200;

    /// <summary>Where a redirection leads.</summary>
    public string RedirectTo { get; init; } = "http://192.0.2.66/rootDesc.xml";

    /// <summary>How bodies end.</summary>
    public FakeHttpFraming HttpFraming { get; init; }

    /// <summary>
    /// What is written in place of each chunk's size and the end of its line; null for what is right (CVE-2017-8798). "{0:x}" is the size.
    /// </summary>
    public string? HttpChunkHead { get; init; }

    /// <summary>
    /// The values of Content-Length, each in a header of its own, also of chunked answers; null for the right one where one belongs.
    /// "{0}" is the right one.
    /// </summary>
    public IReadOnlyList<string>? HttpLengths { get; init; }

    /// <summary>Header names are in lower case.</summary>
    public bool HttpLowerCase { get; init; }

    /// <summary>Connections are accepted and requests read, but nothing is answered.</summary>
    public bool HttpSilent { get; init; }

    /// <summary>The answer's headers never end.</summary>
    public bool HttpEndlessHeaders { get; init; }

    /// <summary>The time between two bytes of an answer; zero for no quirk.</summary>
    public TimeSpan HttpDrip { get; init; }
}
