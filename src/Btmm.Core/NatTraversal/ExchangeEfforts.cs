namespace Btmm.Core.NatTraversal;

/// <summary>What an effort means for the protocols of single datagrams, NAT-PMP and PCP.</summary>
internal static class ExchangeEfforts
{
    private const int BriskTries = 5;
    private const int BriefTries = 3;

    /// <summary>How often to send a request at most.</summary>
    /// <param name="effort">The effort.</param>
    /// <param name="thorough">How often the protocol sends it before the gateway counts as not speaking it.</param>
    internal static int Tries(this ExchangeEffort effort, int thorough) => effort switch
    {
        ExchangeEffort.Brisk => BriskTries,
        ExchangeEffort.Brief => BriefTries,
        _ => thorough,
    };
}
