using System.Net;
using Btmm.Core.NatTraversal;

namespace Btmm.Core.Diagnostics;

/// <summary>
/// The one exception type that Btmm's engine throws for what can go wrong outside the program: few types, many reasons.
/// Carries a sentence of what to do about it.
/// </summary>
public sealed class BtmmException : Exception
{
    /// <summary>Makes an exception with its reason, a message for people and a remedy.</summary>
    /// <param name="reason">The stable, machine-readable cause.</param>
    /// <param name="message">What happened, in one sentence, without secrets.</param>
    /// <param name="remedy">What the user can do about it, in one sentence.</param>
    /// <param name="innerException">The lower-level cause, if any.</param>
    public BtmmException(BtmmErrorReason reason, string message, string remedy, Exception? innerException = null)
        : base(message, innerException)
    {
        Reason = reason;
        Remedy = remedy;
    }

    /// <summary>The stable cause.</summary>
    public BtmmErrorReason Reason { get; }

    /// <summary>What the user can do about it.</summary>
    public string Remedy { get; }

    /// <summary>The remote endpoint concerned, when there is one.</summary>
    public EndPoint? Endpoint { get; init; }

    /// <summary>The protocol's own code (DNS rcode or TSIG error, NAT-PMP result, IKE notify type), when there is one.</summary>
    public int? ProtocolCode { get; init; }

    /// <summary>How long the other side says that it will answer the same; null when it does not say.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The port-mapping protocol that a gateway showed to speak in place of the one asked for; null when it showed none.</summary>
    public PortMappingMethod? SpokenInstead { get; init; }
}
