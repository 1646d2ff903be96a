using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.TestKit;

/// <summary>What a <see cref="FakeGateway"/> does otherwise than a good one.</summary>
public sealed record FakeGatewayQuirks
{
    /// <summary>Answers to address requests carry this result.</summary>
    public NatPmpResult AddressResult { get; init; } = NatPmpResult.Success;

    /// <summary>Answers to map requests carry this result.</summary>
    public NatPmpResult MapResult { get; init; } = NatPmpResult.Success;

    /// <summary>Error answers are 8 bytes long.</summary>
    public bool ShortErrors { get; init; }

    /// <summary>Answers come from this port instead of 5351; 0 for no quirk.</summary>
    public int AnswerPort { get; init; }

    /// <summary>No answers at all.</summary>
    public bool Silent { get; init; }

    /// <summary>The first so many requests get no answer.</summary>
    public int IgnoreFirst { get; init; }

    /// <summary>The longest lifetime granted; shorter requests are granted as asked.</summary>
    public TimeSpan MaxLifetime { get; init; } = TimeSpan.FromDays(1);

    /// <summary>Every lifetime is granted as this, however short the one asked for; null for no quirk.</summary>
    public TimeSpan? FixedLifetime { get; init; }

    /// <summary>Every answer is followed by a copy of itself.</summary>
    public bool AnswersTwice { get; init; }
}
