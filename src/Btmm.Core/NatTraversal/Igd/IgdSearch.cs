using System.Net;
using System.Net.Sockets;
using Btmm.Core.Contracts;
using Btmm.Protocol.NatTraversal.Igd;

namespace Btmm.Core.NatTraversal.Igd;

/// <summary>
/// One search for the gateway's descriptions by SSDP: rounds of questions to the gateway itself and to the group, with other
/// targets in each round. When the searches before met with silence it is a single round, of the next targets. Only what the gateway's own address answers is taken, from whatever port: some answer from odd ones.
/// Used by one task.
/// </summary>
internal sealed class IgdSearch : IAsyncDisposable
{
    private readonly GatewayRoute _route;
    private readonly IgdRefusals _refusals;
    private readonly TimeProvider _time;
    private readonly long _start;
    private readonly IDatagramChannel _channel;
    private readonly byte[] _buffer = new byte[IgdConstants.MaxSsdpLength];
    private readonly HashSet<IgdUrl> _seen = [];
    private readonly int _firstRound;
    private readonly int _rounds;
    private int _round;

    /// <summary>Opens the socket.</summary>
    /// <param name="route">The gateway.</param>
    /// <param name="channels">Opens the socket.</param>
    /// <param name="time">The clock.</param>
    /// <param name="refusals">Where refused answers are counted.</param>
    /// <param name="silences">How many searches in a row nobody answered just before.</param>
    /// <exception cref="SocketException">The route's own address is gone.</exception>
    internal IgdSearch(GatewayRoute route, IDatagramChannelFactory channels, TimeProvider time, IgdRefusals refusals, int silences)
    {
        _route = route;
        _refusals = refusals;
        _time = time;
        _firstRound = silences;
        _rounds = silences == 0 ? IgdLimits.Rounds.Length : 1;
        _start = time.GetTimestamp();
        _channel = channels.Open(new DatagramChannelOptions(
            new IPEndPoint(route.LocalAddress, 0), MulticastInterface: route.LocalAddress));
    }

    /// <summary>Since the search began.</summary>
    internal TimeSpan Elapsed => _time.GetElapsedTime(_start);

    /// <summary>How many searches were sent, those to the group and those to the gateway as one.</summary>
    internal int Sent { get; private set; }

    /// <summary>How many rounds of them there were.</summary>
    internal int Rounds => _round;

    /// <summary>Whether the gateway answered, be it with something that is not followed.</summary>
    internal bool IsHeard { get; private set; }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _channel.DisposeAsync();

    /// <summary>Makes nothing of answers with this location: it is known.</summary>
    internal void Skip(IgdUrl location) => _seen.Add(location);

    /// <summary>The next answer with a location not seen before; null when there is none before the search is that old.</summary>
    /// <exception cref="SocketException">The gateway cannot be sent to.</exception>
    internal async Task<IgdFound?> NextAsync(TimeSpan age, CancellationToken cancellationToken)
    {
        while (Elapsed is var now && now < age)
        {
            TimeSpan next = _round < _rounds ? IgdLimits.Rounds[_round] : TimeSpan.MaxValue;
            if (now >= next)
            {
                await SendAsync(SsdpTarget.Round(_firstRound + _round++), cancellationToken).ConfigureAwait(false);
                continue;
            }

            TimeSpan wake = next < age ? next : age;
            if (await ReceiveAsync(wake - now, cancellationToken).ConfigureAwait(false) is { } found) return found;
        }

        return null;
    }

    private async Task SendAsync(IReadOnlyList<string> targets, CancellationToken cancellationToken)
    {
        byte[] message = new byte[IgdConstants.MaxUrlLength];
        IPEndPoint gateway = new(_route.Gateway, IgdConstants.SsdpPort);
        foreach (string target in targets)
        {
            Sent++;
            if (new SsdpSearch(gateway, target).TryWrite(message, out int length))
                await _channel.SendAsync(message.AsMemory(0, length), gateway, cancellationToken).ConfigureAwait(false);
            if (new SsdpSearch(SsdpSearch.Group, target).TryWrite(message, out length))
                await MulticastAsync(message.AsMemory(0, length), cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task MulticastAsync(ReadOnlyMemory<byte> message, CancellationToken cancellationToken)
    {
        try
        {
            await _channel.SendAsync(message, SsdpSearch.Group, cancellationToken).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            return; // A host may have no route to groups, or a firewall against them; the gateway was asked directly as well.
        }
    }

    private async Task<IgdFound?> ReceiveAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        using CancellationTokenSource timer = new(wait, _time);
        using CancellationTokenSource either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token);
        try
        {
            ReceivedDatagram received = await _channel.ReceiveAsync(_buffer, either.Token).ConfigureAwait(false);
            return received.Truncated ? null : Judge(received.Remote.Address, _buffer.AsSpan(0, received.Length));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    private IgdFound? Judge(IPAddress sender, ReadOnlySpan<byte> message)
    {
        if (!SsdpAnswer.TryParse(message, out SsdpAnswer answer)) return null;
        if (!sender.Equals(_route.Gateway))
        {
            // Any device answers a search for everything; only one that says to be a gateway is worth a word.
            if (answer.IsGateway) _refusals.Add(RefusedAnswerKind.AnotherGateway, $"{sender} answers as an Internet gateway, but {_route.Gateway} is the gateway");
            return null;
        }

        IsHeard = true;
        IgdUrlFault fault = IgdUrl.Check(answer.Location, _route.Gateway, out IgdUrl location);
        if (fault == IgdUrlFault.None) return _seen.Add(location) ? new IgdFound(location, answer.BootId) : null;
        _refusals.Add(RefusedAnswerKind.PointsElsewhere, $"it says its description is at \"{Shown(answer.Location)}\", {Because(fault)}");
        return null;
    }

    /// <summary>Why a URL is refused, as the end of a sentence.</summary>
    internal static string Because(IgdUrlFault fault) => fault switch
    {
        IgdUrlFault.Scheme => "which is not plain HTTP",
        IgdUrlFault.Host => "which is not on the gateway itself",
        IgdUrlFault.Port => "which is no port for that",
        _ => "which is no proper URL",
    };

    /// <summary>A URL for messages: printable and short.</summary>
    internal static string Shown(string url)
    {
        const int most = 80;
        string text = string.Concat(url.Select(static c => c is >= ' ' and < (char)0x7F ? c : '?'));
        return text.Length <= most ? text : text[..most] + "...";
    }
}
