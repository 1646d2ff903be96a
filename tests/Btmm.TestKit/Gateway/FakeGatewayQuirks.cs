using System.Net;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.TestKit;

/// <summary>
/// What a <see cref="FakeGateway"/> does otherwise than a good one. Each quirk was met in the field; where it is known, its
/// comment names a device or the report of it.
/// </summary>
public sealed partial record FakeGatewayQuirks
{
    /// <summary>No answers at all.</summary>
    public bool Silent { get; init; }

    /// <summary>Protocols whose ports are open but which answer nothing: switched off in the settings of many routers.</summary>
    public FakeGatewayProtocols SilentProtocols { get; init; }

    /// <summary>The first so many requests get no answer.</summary>
    public int IgnoreFirst { get; init; }

    /// <summary>Every answer is followed by a copy of itself.</summary>
    public bool AnswersTwice { get; init; }

    /// <summary>How long every answer takes: routers busy with their own web pages need seconds.</summary>
    public TimeSpan AnswerDelay { get; init; }

    /// <summary>Only the first so many answers take <see cref="AnswerDelay"/>: they come after those to later requests.</summary>
    public int DelaysFirst { get; init; } = int.MaxValue;

    /// <summary>The longest lifetime granted; shorter requests are granted as asked.</summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Every lifetime is granted as this, however short the one asked for; null for no quirk.</summary>
    public TimeSpan? FixedLifetime { get; init; }

    /// <summary>What asking again for a mapping does to its end.</summary>
    public FakeRenewal Renewal { get; init; }

    /// <summary>Mappings are granted, and forgotten at once: a daemon whose firewall rules do not load.</summary>
    public bool DropsMappings { get; init; }

    /// <summary>The epoch is always this: routers without a clock of their own send 0. NAT-PMP and PCP.</summary>
    public uint? FrozenEpoch { get; init; }

    /// <summary>
    /// Answers to NAT-PMP and PCP come from this port instead of 5351; 0 for no quirk (Linksys WAG300N: 1026).
    /// </summary>
    public int AnswerPort { get; init; }

    /// <summary>Answers to NAT-PMP and PCP come from this address instead of the gateway's: somebody else on the link.</summary>
    public IPAddress? AnswerAddress { get; init; }

    /// <summary>Answers to NAT-PMP's address requests carry this result.</summary>
    public NatPmpResult AddressResult { get; init; } = NatPmpResult.Success;

    /// <summary>Answers to NAT-PMP's map requests carry this result.</summary>
    public NatPmpResult MapResult { get; init; } = NatPmpResult.Success;

    /// <summary>NAT-PMP's error answers are 8 bytes long.</summary>
    public bool ShortErrors { get; init; }

    /// <summary>NAT-PMP tells this external address, whatever the other protocols tell (tailscale issue 810).</summary>
    public IPAddress? NatPmpExternalAddress { get; init; }

    /// <summary>
    /// NAT-PMP requests are answered by PCP's UNSUPP_VERSION and PCP requests by NAT-PMP's unsupported version: a daemon built
    /// for both that has both switched off.
    /// </summary>
    public bool SendsFromVersionToVersion { get; init; }
}
