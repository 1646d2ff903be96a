using System.Net;

namespace Btmm.Core.NatTraversal;

/// <summary>Something that came in a gateway's name and was not followed. Immutable.</summary>
/// <param name="Gateway">The gateway concerned.</param>
/// <param name="Kind">What is wrong with it.</param>
/// <param name="Message">Who sent what, in a sentence. It may quote the sender: printable text only, and not much of it.</param>
public sealed record RefusedAnswer(IPAddress Gateway, RefusedAnswerKind Kind, string Message)
{
    /// <summary>What the user can do, in a sentence.</summary>
    public string Remedy => Kind switch
    {
        RefusedAnswerKind.Stranger or RefusedAnswerKind.WrongNonce =>
            "Find out which device sends that: it is broken, or tries to forge the router's answers.",
        RefusedAnswerKind.AnotherGateway => "Nothing, if that is a second router of yours; otherwise find out which device it is.",
        RefusedAnswerKind.PointsElsewhere or RefusedAnswerKind.Redirected =>
            "Find out which device sends that: it is broken, or hostile. Forward the port by hand if nothing else maps it.",
        _ => "Look for new firmware for the router, or turn UPnP off in its settings if another protocol maps the port.",
    };
}
