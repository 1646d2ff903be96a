using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Btmm.Core.Contracts;
using Btmm.Platform.Linux;

namespace Btmm.Platform.Sockets;

/// <summary>One socket of a service on Linux: recvmmsg, sendmmsg.</summary>
internal sealed unsafe class LinuxDatagramPort : IDatagramPort, IDisposable
{
    // Bursts outlast a scheduling delay.
    private const int BufferBytes = 4 << 20;

    // A full send buffer holds the sender up, as it should, but not for ever.
    private const int SendTimeoutMilliseconds = 500;

    private readonly Socket _socket;
    private readonly int _file;
    private readonly bool _hasManyAddresses;
    private volatile bool _interrupted;

    internal LinuxDatagramPort(Socket socket, IPEndPoint local)
    {
        _socket = socket;
        _file = (int)socket.SafeHandle.DangerousGetHandle();
        socket.SendTimeout = SendTimeoutMilliseconds;
        LinuxSocketOptions.SetBuffers(socket, BufferBytes);
        LinuxSocketOptions.IgnorePathMtu(socket);
        _hasManyAddresses = local.Address.Equals(IPAddress.Any) || local.Address.Equals(IPAddress.IPv6Any);
        if (!_hasManyAddresses) return;
        if (socket.AddressFamily == AddressFamily.InterNetwork) LinuxSocketOptions.Set(socket, DatagramNative.LevelIp, DatagramNative.OptionPacketInformation, 1);
        else LinuxSocketOptions.Set(socket, DatagramNative.LevelIPv6, DatagramNative.ReceivePacketInformationIPv6, 1);
    }

    public DatagramBatch CreateBatch(int maxRequest, int maxAnswer) => new LinuxDatagramBatch(maxRequest, maxAnswer);

    public int Receive(DatagramBatch batch)
    {
        var own = (LinuxDatagramBatch)batch;
        while (!_interrupted)
        {
            Offer(own);
            int received;
            fixed (DatagramNative.MessageHeader* headers = own.In)
                received = DatagramNative.ReceiveMany(_file, headers, (uint)own.In.Length, DatagramNative.WaitForOne, null);
            if (_interrupted) break;
            // An error here is an interrupted call or a late ICMP error: reading it has cleared it.
            for (int i = 0; i < received; i++) Take(own, i);
            if (batch.Count > 0) return batch.Count;
        }

        batch.Count = 0;
        return 0;
    }

    public int Send(DatagramBatch batch)
    {
        var own = (LinuxDatagramBatch)batch;
        int messages = 0;
        for (int i = 0; i < own.Count; i++)
        {
            ref DatagramSlot slot = ref own[i];
            if (slot.AnswerLength == 0) continue;
            own.SetAnswer(messages, i);
            ref DatagramNative.MessageHeader header = ref own.Out[messages];
            header.NameLength = PacketInformation.WriteName(slot.Remote, own.Name(messages));
            header.ControlLength = _hasManyAddresses ? PacketInformation.WriteLocal(slot.Local, own.Control(messages)) : 0;
            messages++;
        }

        fixed (DatagramNative.MessageHeader* headers = own.Out) return SendAll(headers, messages);
    }

    public bool Send(ReadOnlySpan<byte> datagram, in PeerAddress remote, in PeerAddress local)
    {
        Span<byte> name = stackalloc byte[LinuxDatagramBatch.NameStride];
        Span<byte> control = stackalloc byte[LinuxDatagramBatch.ControlStride];
        fixed (byte* data = datagram, to = name, from = control)
        {
            var vector = new FileNative.IoVector { Base = data, Length = datagram.Length };
            var header = new DatagramNative.MessageHeader
            {
                Name = to,
                NameLength = PacketInformation.WriteName(remote, name),
                Vectors = &vector,
                VectorCount = 1,
                Control = from,
                ControlLength = _hasManyAddresses ? PacketInformation.WriteLocal(local, control) : 0,
            };
            return SendAll(&header, 1) == 1;
        }
    }

    public void Interrupt()
    {
        _interrupted = true;
        // Wakes whoever waits in a receive; on a socket without a peer it also says that there is none.
        if (!_socket.SafeHandle.IsClosed) _ = DatagramNative.Shutdown(_file, DatagramNative.ShutdownReceive);
    }

    public void Dispose() => _socket.Dispose();

    private void Offer(LinuxDatagramBatch batch)
    {
        batch.Count = 0;
        foreach (ref DatagramNative.MessageHeader header in batch.In.AsSpan())
        {
            header.NameLength = LinuxDatagramBatch.NameStride;
            header.ControlLength = _hasManyAddresses ? LinuxDatagramBatch.ControlStride : 0;
            header.Flags = 0;
        }
    }

    private void Take(LinuxDatagramBatch batch, int message)
    {
        ref DatagramNative.MessageHeader header = ref batch.In[message];
        ref DatagramSlot slot = ref batch[message];
        slot.Remote = PacketInformation.ReadName(batch.Name(message), header.NameLength);
        slot.Local = _hasManyAddresses ? PacketInformation.ReadLocal(batch.Control(message)[..(int)header.ControlLength]) : default;
        slot.RequestLength = (int)header.Length;
        slot.AnswerLength = 0;
        batch.Count = message + 1;
    }

    private int SendAll(DatagramNative.MessageHeader* headers, int messages)
    {
        int taken = 0;
        for (int at = 0; at < messages;)
        {
            int sent = DatagramNative.SendMany(_file, headers + at, (uint)(messages - at), 0);
            if (sent > 0)
            {
                at += sent;
                taken += sent;
                continue;
            }

            int error = Marshal.GetLastPInvokeError();
            if (error == Errno.Interrupted) continue;
            // The buffer stayed full for the whole timeout: what is left would not fare better.
            if (error == Errno.TryAgain) break;
            // No route, a filter: this client gets nothing, the next one does.
            at++;
        }

        return taken;
    }
}
