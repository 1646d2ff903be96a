using System.Net;
using System.Net.Sockets;
using System.Text;
using Btmm.Core.Contracts;
using Btmm.Platform.Sockets;

namespace Btmm.Platform.Tests.Sockets;

/// <summary>The sockets of a service on Linux, over loopback: an echo server behind them.</summary>
public sealed class DatagramServerTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    public DatagramServerTests() => Assert.SkipUnless(DatagramServerFactory.Instance is not null, "These sockets are for 64-bit Linux.");

    [Theory]
    [InlineData("127.0.0.1", 1)]
    [InlineData("127.0.0.1", 3)]
    [InlineData("::1", 2)]
    public void Echo_ManyClients_EachGetsItsOwnAnswers(string address, int ports)
    {
        using var echo = new Echo(IPAddress.Parse(address), ports);
        Socket[] clients = [.. Enumerable.Range(0, 20).Select(_ => Connect(echo.EndPoint))];
        for (int round = 0; round < 50; round++)
        {
            for (int i = 0; i < clients.Length; i++) clients[i].Send(Encoding.ASCII.GetBytes($"client {i} round {round}"));
            for (int i = 0; i < clients.Length; i++) Assert.Equal($"CLIENT {i} ROUND {round}", Receive(clients[i]));
        }

        foreach (Socket client in clients) client.Dispose();
    }

    [Theory]
    [InlineData("0.0.0.0", "127.0.0.1", "127.0.0.77")]
    [InlineData("::", "::1", "::1")]
    public void Answers_OfAServerAtAllAddresses_ComeFromTheOneThatWasAsked(string any, params string[] asked)
    {
        using var echo = new Echo(IPAddress.Parse(any), 2);
        foreach (string address in asked)
        {
            // A connected socket takes only what comes from the address that it talks to.
            using Socket client = Connect(new IPEndPoint(IPAddress.Parse(address), echo.EndPoint.Port));
            client.Send("who is there"u8);
            Assert.Equal("WHO IS THERE", Receive(client));
            Assert.Equal(IPAddress.Parse(address), echo.LastLocal?.ToEndPoint().Address);

            // And so does what is sent later, from another thread.
            echo.Remember(out PeerAddress remote, out PeerAddress local);
            Assert.True(echo.Port.Send("later"u8, remote, local));
            Assert.Equal("later", Receive(client));
        }
    }

    [Fact]
    public void Clients_ThatAreGoneOrUnreachable_DisturbNobody()
    {
        using var echo = new Echo(IPAddress.Loopback, 1);
        using Socket client = Connect(echo.EndPoint);
        for (int i = 0; i < 20; i++)
        {
            using (Socket gone = Connect(echo.EndPoint)) gone.Send("answer me"u8); // its answer meets a closed port
            Assert.False(echo.Port.Send("to nobody"u8, PeerAddress.From(new IPEndPoint(IPAddress.Parse("2001:db8::1"), 9)), default)); // wrong family
            client.Send(Encoding.ASCII.GetBytes($"still there {i}"));
            Assert.Equal($"STILL THERE {i}", Receive(client));
        }
    }

    [Fact]
    public void Batch_WithOneBadDestination_ReachesTheOthers()
    {
        using var echo = new Echo(IPAddress.Loopback, 1);
        using Socket one = Connect(echo.EndPoint), two = Connect(echo.EndPoint);
        DatagramBatch batch = echo.Port.CreateBatch(512, 512);
        foreach (IPEndPoint to in new[] { (IPEndPoint)one.LocalEndPoint!, new(IPAddress.Parse("2001:db8::1"), 9), (IPEndPoint)two.LocalEndPoint! })
        {
            Assert.True(batch.TryAdd(PeerAddress.From(to), default, out int index));
            "hello"u8.CopyTo(batch.Answer(index));
            batch[index].AnswerLength = 5;
        }

        Assert.Equal(2, echo.Port.Send(batch));
        Assert.Equal("hello", Receive(one));
        Assert.Equal("hello", Receive(two));
    }

    [Fact]
    public void Requests_LongerThanTheBatchTakes_AreCutOff()
    {
        using var echo = new Echo(IPAddress.Loopback, 1);
        using Socket client = Connect(echo.EndPoint);
        client.Send(Encoding.ASCII.GetBytes(new string('x', Echo.MaxRequest + 100)));
        Assert.Equal(new string('X', Echo.MaxRequest), Receive(client));
    }

    [Fact]
    public void Open_APortThatSomebodyHas_Fails()
    {
        using IDatagramServer first = DatagramServerFactory.Instance!.Open(new IPEndPoint(IPAddress.Loopback, 0), 3);
        foreach (int ports in new[] { 1, 3 })
        {
            SocketException error = Assert.Throws<SocketException>(() => DatagramServerFactory.Instance.Open(first.LocalEndPoint, ports));
            Assert.Equal(SocketError.AddressAlreadyInUse, error.SocketErrorCode);
        }
    }

    private static Socket Connect(IPEndPoint endpoint)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveTimeout = (int)s_patience.TotalMilliseconds };
        socket.Connect(endpoint);
        return socket;
    }

    private static string Receive(Socket socket)
    {
        byte[] buffer = new byte[8192];
        return Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
    }

    /// <summary>Answers with the request in upper case, with a thread for each port; disposing it shows that all of them end.</summary>
    private sealed class Echo : IDisposable
    {
        internal const int MaxRequest = 2048;

        private readonly IDatagramServer _server;
        private readonly Thread[] _threads;
        private readonly Lock _gate = new();
        private DatagramSlot _last;

        internal Echo(IPAddress address, int ports)
        {
            _server = DatagramServerFactory.Instance!.Open(new IPEndPoint(address, 0), ports);
            Assert.Equal(ports, _server.Ports.Count);
            _threads = [.. _server.Ports.Select(port => new Thread(() => Run(port)))];
            foreach (Thread thread in _threads) thread.Start();
        }

        internal IPEndPoint EndPoint => _server.LocalEndPoint;

        internal IDatagramPort Port => _server.Ports[0];

        internal PeerAddress? LastLocal
        {
            get
            {
                lock (_gate) return _last.Local;
            }
        }

        public void Dispose()
        {
            foreach (IDatagramPort port in _server.Ports) port.Interrupt();
            foreach (Thread thread in _threads) Assert.True(thread.Join(s_patience));
            _server.Dispose();
        }

        internal void Remember(out PeerAddress remote, out PeerAddress local)
        {
            lock (_gate) (remote, local) = (_last.Remote, _last.Local);
        }

        private void Run(IDatagramPort port)
        {
            DatagramBatch batch = port.CreateBatch(MaxRequest, MaxRequest);
            while (port.Receive(batch) > 0)
            {
                for (int i = 0; i < batch.Count; i++) batch[i].AnswerLength = Encoding.ASCII.GetBytes(Encoding.ASCII.GetString(batch.Request(i)).ToUpperInvariant(), batch.Answer(i));
                lock (_gate) _last = batch[batch.Count - 1];
                port.Send(batch);
            }
        }
    }
}
