using Btmm.Protocol.Esp;

namespace Btmm.Core.Tunnel;

/// <summary>An installed child SA: both halves, each behind its own lock, and its counters.</summary>
internal sealed class SaEntry : IDisposable
{
    /// <summary>Guards <see cref="Outbound"/>; held for a run of packets.</summary>
    public readonly Lock OutboundGate = new();

    /// <summary>Guards <see cref="Inbound"/>; held for one packet.</summary>
    public readonly Lock InboundGate = new();

    // Written under the gate of their direction, read by anybody.
    public long PacketsIn, BytesIn, PacketsOut, BytesOut, Replays, AuthenticationFailures, Rejected, LastInbound;

    public SaEntry(ChildSaPair pair, PeerState peer, IAeadCipherFactory ciphers)
    {
        Peer = peer;
        Local = InnerAddress.From(pair.Local);
        InboundSpi = pair.Inbound.Spi;
        Inbound = new EspInboundSa(pair.Inbound, ciphers);
        try
        {
            Outbound = new EspOutboundSa(pair.Outbound, ciphers);
        }
        catch
        {
            Inbound.Dispose();
            throw;
        }
    }

    public PeerState Peer { get; }

    public UInt128 Local { get; }

    public uint InboundSpi { get; }

    public EspInboundSa Inbound { get; }

    public EspOutboundSa Outbound { get; }

    /// <summary>Set, under both gates, when the keys are gone.</summary>
    public bool IsRemoved { get; private set; }

    public void Dispose()
    {
        lock (InboundGate)
        {
            lock (OutboundGate)
            {
                IsRemoved = true;
                Inbound.Dispose();
                Outbound.Dispose();
            }
        }
    }
}
