namespace Btmm.Server.Guards;

/// <summary>What becomes of an answer.</summary>
internal enum RateDecision
{
    /// <summary>It is sent.</summary>
    Send,

    /// <summary>It is sent without records, with a hint how to come back.</summary>
    Slip,

    /// <summary>It is not sent.</summary>
    Drop,
}
