namespace Btmm.Core.NatTraversal.Igd;

/// <summary>How long and how much a gateway is listened to. All are ours: UPnP itself names none.</summary>
internal static class IgdLimits
{
    /// <summary>One page or one answer, from the connection to the last byte.</summary>
    internal static readonly TimeSpan Request = TimeSpan.FromSeconds(3);

    /// <summary>One answer to a request for a mapping: gateways try many ports before they say that none is allowed.</summary>
    internal static readonly TimeSpan MapRequest = TimeSpan.FromSeconds(10);

    /// <summary>A description where it was before: a gateway that is slower than this is searched for as well.</summary>
    internal static readonly TimeSpan Recall = TimeSpan.FromMilliseconds(500);

    /// <summary>The most that may come before a body, in KiB.</summary>
    internal const int HeaderKibibytes = 8;

    /// <summary>The most descriptions that are fetched in one search.</summary>
    internal const int MaxDescriptions = 4;

    /// <summary>When something was found that is not good in every way, how much longer to wait for something better.</summary>
    internal static readonly TimeSpan BetterWait = TimeSpan.FromMilliseconds(1300);

    /// <summary>When the rounds of searches go out, from the start on.</summary>
    internal static readonly TimeSpan[] Rounds =
    [
        TimeSpan.Zero, TimeSpan.FromMilliseconds(350), TimeSpan.FromMilliseconds(1000), TimeSpan.FromMilliseconds(2200),
        TimeSpan.FromMilliseconds(4200),
    ];

    /// <summary>After so long without any answer to a search, those that follow are small until the gateway is heard again.</summary>
    internal static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(2500);

    /// <summary>How long to wait for an answer to a small search: a second that devices may take (MX), and the way.</summary>
    internal static readonly TimeSpan SmallSearch = TimeSpan.FromMilliseconds(1500);

    /// <summary>How long to wait for the first answer to the searches.</summary>
    internal static TimeSpan Search(ExchangeEffort effort) => effort switch
    {
        ExchangeEffort.Brisk => TimeSpan.FromSeconds(4),
        ExchangeEffort.Brief => TimeSpan.FromMilliseconds(1200),
        _ => TimeSpan.FromSeconds(6),
    };

    /// <summary>How long an operation may take as a whole.</summary>
    internal static TimeSpan Operation(ExchangeEffort effort) => effort switch
    {
        ExchangeEffort.Brisk => TimeSpan.FromSeconds(10),
        ExchangeEffort.Brief => TimeSpan.FromMilliseconds(1900),
        _ => TimeSpan.FromSeconds(30),
    };
}
