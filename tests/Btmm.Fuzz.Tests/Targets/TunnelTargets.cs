using System.Net;
using Btmm.Protocol.Esp;
using Btmm.Protocol.Ike.Crypto;
using Btmm.Protocol.Ike.Payloads;
using Btmm.Protocol.Packets;

namespace Btmm.Fuzz.Tests.Targets;

internal static class TunnelTargets
{
    internal static IEnumerable<FuzzTarget> All =>
    [
        new("ike", [Ike()], IkeMessage),
        new("esp", [Esp()], EspPacket),
        new("packets", [.. Packets()], Packet),
    ];

    private static bool IkeMessage(byte[] bytes)
    {
        if (bytes.Length >= IkeHeader.Size)
        {
            // With a length that fits, so that the payloads are reached.
            bytes[24] = bytes[25] = 0;
            bytes[26] = (byte)(bytes.Length >> 8);
            bytes[27] = (byte)bytes.Length;
        }

        return IkeHeader.TryParse(bytes, out IkeHeader header)
            && IkePayloadChain.Parse(header.NextPayload, bytes, IkeHeader.Size, bytes.Length, out List<IkePayload> payloads, out _) == IkeParseError.None
            && IkeProtectedMessage.Write(header, payloads) is not null;
    }

    private static bool EspPacket(byte[] bytes)
    {
        using var sa = new EspInboundSa(Parameters());
        return sa.TryOpen(bytes, out _) == EspOpenStatus.Opened;
    }

    private static bool Packet(byte[] bytes)
    {
        Tcp.ClampMss(bytes, 1280);
        bool hasLength = Ipv6.TryGetLength(bytes, out _);
        if (TcpRun.TryStart(bytes, out TcpRun run))
            run.TryExtend(bytes, bytes);
        SuperPacket.TryParse(bytes, isTcp: true, transport: 40, segment: 1200, out _);
        return hasLength;
    }

    private static EspSaParameters Parameters() => new()
    {
        Spi = 0xC0FFEE01,
        Algorithm = EspAlgorithm.AesGcm256,
        ExtendedSequenceNumbers = false,
        KeyingMaterial = new byte[EspSaParameters.GetKeyingMaterialLength(EspAlgorithm.AesGcm256)],
    };

    private static byte[] Esp()
    {
        using var sa = new EspOutboundSa(Parameters());
        byte[] buffer = new byte[100 + EspConstants.Prefix + EspConstants.MaxSuffix];
        int offset = EspConstants.Prefix, length = 100;
        Assert.Equal(EspSealStatus.Sealed, sa.TrySeal(buffer, ref offset, ref length, EspConstants.NextHeaderIpv6));
        return buffer.AsSpan(offset, length).ToArray();
    }

    private static byte[] Ike()
    {
        var header = new IkeHeader { InitiatorSpi = 1, ResponderSpi = 2, Version = IkeHeader.Version2, Exchange = IkeExchangeType.IkeAuth, Flags = IkeHeaderFlags.Initiator, MessageId = 1 };
        var proposal = new IkeProposal { Number = 1, Protocol = IkeProtocolId.Esp, Spi = IkeProposal.SpiBytes(5u), Transforms = [new(IkeTransformType.Encryption, 20, 256), new(IkeTransformType.SequenceNumbers, 1)] };
        return IkeProtectedMessage.Write(header,
        [
            new IkeSaPayload([proposal]),
            new IkeKeyExchangePayload(19, new byte[64]),
            new IkeNoncePayload(new byte[32]),
            IkeIdentificationPayload.FromHostName(true, "a.example"),
            new IkeAuthenticationPayload(2, new byte[48]),
            new IkeNotifyPayload(IkeNotifyType.Cookie, [9, 9]),
            new IkeDeletePayload(IkeProtocolId.Esp, [1, 2]),
            new IkeTrafficSelectorsPayload(true, [IkeTrafficSelector.ForHost(IPAddress.Parse("fd00::1"))]),
            new IkeOpaquePayload(IkePayloadType.VendorId, [1, 2, 3]),
        ])!;
    }

    // IPv6 with TCP that announces an MSS.
    private static IEnumerable<byte[]> Packets() =>
    [
        [
            0x60, 0, 0, 0, 0, 28, 6, 64, .. new byte[15], 1, .. new byte[15], 2,
            0x12, 0x34, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x60, 2, 0xFF, 0xFF, 0, 0, 0, 0, 2, 4, 5, 0xB4, 0, 0, 0, 0,
        ],
    ];
}
