using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>Asks one service of a gateway. Thread-safe.</summary>
/// <param name="http">How it is asked.</param>
/// <param name="control">Where its requests go.</param>
/// <param name="service">What it is.</param>
/// <param name="refusals">Where refused answers are counted.</param>
internal sealed class IgdClient(IgdHttpClient http, IgdUrl control, IgdService service, IgdRefusals refusals)
{
    /// <summary>The most mappings of a gateway's list that are looked at.</summary>
    private const int MaxListed = 128;

    /// <summary>The service.</summary>
    internal IgdService Service { get; } = service;

    /// <summary>The gateway's address, and the port of the service.</summary>
    internal IPEndPoint Endpoint { get; } = control.Endpoint;

    /// <summary>Asks whether the connection is up; a gateway that does not tell is no error.</summary>
    internal async Task<IgdStatus> GetStatusAsync(CancellationToken cancellationToken)
    {
        IgdAnswer? answer = await TryAskAsync(IgdRequest.GetStatusInfo(Service.ServiceType), cancellationToken).ConfigureAwait(false);
        return answer is { Error: null } ? IgdStatus.Read(answer) : default;
    }

    /// <summary>Asks for the external address.</summary>
    internal async Task<IgdAddress> GetAddressAsync(CancellationToken cancellationToken)
    {
        IgdAnswer answer = await AskAsync(IgdRequest.GetExternalIPAddress(Service.ServiceType), cancellationToken).ConfigureAwait(false);
        return answer.Error is { } error
            ? new IgdAddress(null, error, error.ToString())
            : new IgdAddress(answer.Address("NewExternalIPAddress"), null, $"\"{answer.Text("NewExternalIPAddress")}\"");
    }

    /// <summary>Asks where an external port leads to; a gateway that does not tell, or not in SOAP, is no error.</summary>
    internal async Task<IgdLookup> FindAsync(IgdTransport transport, ushort port, CancellationToken cancellationToken)
    {
        IgdAnswer? answer = await TryAskAsync(
            IgdRequest.GetSpecificPortMappingEntry(Service.ServiceType, transport, port), cancellationToken).ConfigureAwait(false);
        if (answer is null) return default;
        if (answer.Error is { } error) return new IgdLookup(null, error.Kind == IgdErrorKind.NoSuchEntry);
        return new IgdLookup(IgdMappingEntry.TryRead(answer, out IgdMappingEntry entry) ? entry : null, false);
    }

    /// <summary>
    /// The external ports that lead to a host's port, by the gateway's list of mappings. None when the gateway shows no list.
    /// </summary>
    internal async Task<IReadOnlyList<ushort>> ListAsync(IgdTransport transport, IPAddress host, int port, CancellationToken cancellationToken)
    {
        List<ushort> found = [];
        for (ushort index = 0; index < MaxListed; index++)
        {
            IgdAnswer? answer = await TryAskAsync(
                IgdRequest.GetGenericPortMappingEntry(Service.ServiceType, index), cancellationToken).ConfigureAwait(false);
            if (answer is not { Error: null } || !IgdMappingEntry.TryRead(answer, out IgdMappingEntry entry)) break;
            if (entry.Transport == transport && entry.ExternalPort is { } external && new IgdLookup(entry, false).LeadsTo(host, port))
                found.Add(external);
        }

        return found;
    }

    /// <summary>Sends a request that changes something.</summary>
    internal Task<IgdAnswer> ChangeAsync(IgdRequest request, CancellationToken cancellationToken) =>
        CallAsync(request, IgdLimits.MapRequest, isNeeded: true, cancellationToken);

    private Task<IgdAnswer> AskAsync(IgdRequest request, CancellationToken cancellationToken) =>
        CallAsync(request, IgdLimits.Request, isNeeded: true, cancellationToken);

    /// <summary>Asks for what can be done without: null when the answer cannot be read, which is not worth a word where the rest works.</summary>
    private async Task<IgdAnswer?> TryAskAsync(IgdRequest request, CancellationToken cancellationToken)
    {
        try
        {
            return await CallAsync(request, IgdLimits.Request, isNeeded: false, cancellationToken).ConfigureAwait(false);
        }
        catch (BtmmException e) when (e.Reason == BtmmErrorReason.MalformedReply)
        {
            return null;
        }
    }

    /// <exception cref="BtmmException">No answer (Unreachable also when the service is no longer there), or none that can be read.</exception>
    private async Task<IgdAnswer> CallAsync(IgdRequest request, TimeSpan limit, bool isNeeded, CancellationToken cancellationToken)
    {
        IgdHttpReply reply = await http.PostAsync(control, request, limit, cancellationToken).ConfigureAwait(false);
        if (reply.Status is 404 or 410)
            throw IgdErrors.Unreachable(Endpoint, $"{control} is not there any more (HTTP {reply.Status}).");
        if (IgdAnswer.TryParse(reply.Body, reply.IsSuccess, out IgdAnswer answer)) return answer;
        string what = $"answered {request.Action} with something else than SOAP";
        throw isNeeded ? refusals.Malformed(RefusedAnswerKind.NotSoap, Endpoint, what) : IgdErrors.Malformed(Endpoint, what);
    }
}
