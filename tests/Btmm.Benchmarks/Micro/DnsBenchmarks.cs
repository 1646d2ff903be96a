using System.Net;
using BenchmarkDotNet.Attributes;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;

namespace Btmm.Benchmarks.Micro;

/// <summary>A peer's answer of four records: written with compression, walked without materialising, read whole.</summary>
[InProcess]
[MemoryDiagnoser]
public class DnsBenchmarks
{
    private readonly byte[] _buffer = new byte[DnsMessage.ClassicUdpSize];
    private readonly DnsMessage _message = MakeMessage();
    private byte[] _wire = [];

    /// <summary>Writes the message once.</summary>
    [GlobalSetup]
    public void Setup() => _wire = _message.ToArray();

    /// <summary>Writing.</summary>
    [Benchmark]
    public bool Write() => _message.TryWrite(_buffer, out _);

    /// <summary>Every bound checked, nothing allocated.</summary>
    [Benchmark]
    public int Walk()
    {
        var reader = new DnsMessageReader(_wire);
        int records = 0;
        while (reader.TryReadQuestion(out _)) records++;
        while (reader.TryReadRecord(out _)) records++;
        return records;
    }

    /// <summary>Reading into objects.</summary>
    [Benchmark]
    public bool Read() => DnsMessage.TryParse(_wire, out _);

    private static DnsMessage MakeMessage()
    {
        DnsName host = DnsName.Parse("studio.alice.members.example.net");
        DnsName service = host.PrependLabels("_autotunnel._udp");
        DnsName target = DnsName.Parse("AutoTunnel-00-22-69-FF-FE-8E-34-2A.alice.members.example.net");
        return new DnsMessage
        {
            Id = 1,
            Questions = [new DnsQuestion(service, DnsType.SRV)],
            Answers = [new DnsRecord(service, DnsType.SRV, DnsClass.IN, 120, new SrvData(0, 0, 4500, target))],
            Additional =
            [
                new DnsRecord(target, DnsType.A, DnsClass.IN, 120, new AData(IPAddress.Parse("203.0.113.10"))),
                new DnsRecord(target, DnsType.AAAA, DnsClass.IN, 120, new AaaaData(IPAddress.Parse("fd00::1"))),
                new DnsRecord(host, DnsType.AAAA, DnsClass.IN, 120, new AaaaData(IPAddress.Parse("fd00::1"))),
            ],
        };
    }
}
