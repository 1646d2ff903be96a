namespace Btmm.Protocol.NatTraversal.Pcp;

/// <summary>What result codes mean (RFC 6887 §7.4). Thread-safe.</summary>
public static class PcpResults
{
    /// <summary>How long an error with this code can be expected to last. Unknown codes count as long.</summary>
    public static PcpErrorClass ClassOf(PcpResult result) => result switch
    {
        PcpResult.Success => PcpErrorClass.None,
        PcpResult.NetworkFailure or PcpResult.NoResources or PcpResult.UserExceededQuota => PcpErrorClass.Short,
        PcpResult.CannotProvideExternal => PcpErrorClass.AsAnswered,
        _ => PcpErrorClass.Long,
    };

    /// <summary>What a code says, in a few words for people; they continue "the gateway ...".</summary>
    public static string MeaningOf(PcpResult result) => result switch
    {
        PcpResult.Success => "granted the request",
        PcpResult.UnsupportedVersion => "does not speak version 2 of PCP",
        PcpResult.NotAuthorized => "refuses to map ports (not authorized)",
        PcpResult.MalformedRequest => "could not read the request",
        PcpResult.UnsupportedOpcode => "does not know the operation",
        PcpResult.UnsupportedOption => "does not know an option",
        PcpResult.MalformedOption => "could not read an option",
        PcpResult.NetworkFailure => "has no usable external address (network failure)",
        PcpResult.NoResources => "can make no more mappings (no resources)",
        PcpResult.UnsupportedProtocol => "does not map this transport protocol",
        PcpResult.UserExceededQuota => "has given this host all the mappings it may have (quota)",
        PcpResult.CannotProvideExternal => "cannot provide the external port asked for",
        PcpResult.AddressMismatch => "sees the request come from another address (address mismatch)",
        PcpResult.ExcessiveRemotePeers => "cannot filter for so many remote peers",
        _ => $"answered with the unknown PCP result {(byte)result}",
    };

    /// <summary>
    /// How long the same request need not be repeated: what the answer says, or what its class says when it says nothing; never
    /// longer than <see cref="PcpConstants.LongErrorLifetime"/>, so that a user who mends the cause need not wait for a day.
    /// Zero for a success.
    /// </summary>
    /// <param name="result">The code.</param>
    /// <param name="lifetimeSeconds">The answer's lifetime field.</param>
    public static TimeSpan RetryAfter(PcpResult result, uint lifetimeSeconds)
    {
        PcpErrorClass errorClass = ClassOf(result);
        if (errorClass == PcpErrorClass.None) return TimeSpan.Zero;
        if (lifetimeSeconds == 0)
            return errorClass == PcpErrorClass.Long ? PcpConstants.LongErrorLifetime : PcpConstants.ShortErrorLifetime;
        TimeSpan told = TimeSpan.FromSeconds(lifetimeSeconds);
        return told < PcpConstants.LongErrorLifetime ? told : PcpConstants.LongErrorLifetime;
    }
}
