using System.Net;
using Btmm.Core.Diagnostics;
using Btmm.Protocol.NatTraversal;
using Btmm.Protocol.NatTraversal.NatPmp;

namespace Btmm.Core.NatTraversal.Keeping;

/// <summary>What the keeper tells, and the judgement on the gateway's address.</summary>
internal sealed partial class GatewayKeeper
{
    /// <summary>When nothing is known yet and the gateway does not answer, this is told after so long.</summary>
    private static readonly TimeSpan s_earlyNotice = TimeSpan.FromSeconds(2);

    /// <summary>As <see cref="s_earlyNotice"/>, when the same network had an endpoint a moment ago.</summary>
    private static readonly TimeSpan s_lateNotice = TimeSpan.FromSeconds(8);

    private void Tell(EndpointState state)
    {
        lock (_tellGate)
        {
            _told = true;
            _owner.Publish(state);
        }
    }

    private async Task EarlyNoticeAsync(CancellationToken attempt)
    {
        if (_told) return;
        TimeSpan wait = IsOfThisNetwork(_owner.Current) ? s_lateNotice : s_earlyNotice;
        await Task.Delay(wait, _time, attempt).ConfigureAwait(false);
        string message = $"The gateway {_route.Gateway} has not {(_answered ? "mapped the port" : "answered")} yet.";
        lock (_tellGate)
        {
            if (_told) return;
            _owner.Publish(MappingKeeper.Unavailable(
                _route,
                BtmmErrorReason.Timeout,
                message,
                "Wait; if it stays silent, turn on PCP, NAT-PMP or UPnP in the router's settings."));
        }
    }

    /// <summary>Whether a state was made on this network, as far as addresses tell.</summary>
    private bool IsOfThisNetwork(EndpointState state) =>
        _route.Gateway.Equals(state.Gateway) && _route.LocalAddress.Equals(state.LocalAddress);

    private EndpointState Available()
    {
        PortMapping mapping = _lease?.Mapping ?? throw new InvalidOperationException("There is no mapping to tell of.");
        IPAddress address = Address() ?? throw PortMappingErrors.Malformed(new IPEndPoint(_route.Gateway, NatPmpConstants.GatewayPort), "a mapping without an address");
        return new EndpointState
        {
            Phase = EndpointPhase.Available,
            Candidates = [new EndpointCandidate(_kind, address, mapping.ExternalPort, _time.GetUtcNow() + (_lease.ExpiresAt - Now()))],
            Message = $"The gateway {_route.Gateway} forwards {new IPEndPoint(address, mapping.ExternalPort)}.",
            Gateway = _route.Gateway,
            LocalAddress = _route.LocalAddress,
            ExternalAddress = address,
        };
    }

    /// <summary>The address at which others reach the host: the gateway's external one, or of a pinhole the host's own.</summary>
    private IPAddress? Address() => _kind == EndpointCandidateKind.Pinhole
        ? _route.LocalAddress
        : _answer?.ExternalAddress ?? _lease?.Mapping.ExternalAddress;

    /// <summary>Whether a mapping to that address is of no use: another NAT is in front of it, and nobody says that it lets others through.</summary>
    private bool LeadsNowhere(IPAddress external)
    {
        ExternalAddressKind kind = ExternalAddress.Classify(external);
        bool isExempt = _kind == EndpointCandidateKind.Pinhole || (_options.Stated is not null && kind != ExternalAddressKind.Unspecified);
        return !isExempt && ExternalAddress.IsBehindAnotherNat(kind);
    }

    private void JudgeAddress(IPAddress? external)
    {
        if (external is null || !LeadsNowhere(external)) return;
        throw HasPassingCause(external, IsHeld) ? NoAddressNow() : BehindAnotherNat(external);
    }

    /// <summary>A gateway that had an address has none while its line comes up again: that passes, as a rule.</summary>
    private bool HasPassingCause(IPAddress external, bool wasHeld) =>
        wasHeld && LeadsNowhere(external) && ExternalAddress.Classify(external) == ExternalAddressKind.Unspecified;

    private BtmmException NoAddressNow() => new(
        BtmmErrorReason.PortMappingNetworkFailure,
        $"The gateway {_route.Gateway} has lost its external address.",
        "Check the router's internet connection.")
    {
        Endpoint = new IPEndPoint(_route.Gateway, NatPmpConstants.GatewayPort),
    };

    private BtmmException BehindAnotherNat(IPAddress external) => new(
        BtmmErrorReason.DoubleNat,
        $"The gateway {_route.Gateway} is itself behind another NAT: it calls {external} its external address.",
        ExternalAddress.Classify(external) switch
        {
            ExternalAddressKind.CarrierShared => "Ask the internet provider for a public address.",
            ExternalAddressKind.Private => "Put the inner router into bridge mode, or connect this host to the outer one.",
            _ => "Check the router's internet connection; if it works, the router is behind another NAT.",
        })
    {
        Endpoint = new IPEndPoint(_route.Gateway, NatPmpConstants.GatewayPort),
    };
}
