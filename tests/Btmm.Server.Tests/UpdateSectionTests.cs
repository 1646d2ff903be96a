using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Data;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.Server.Tests;

/// <summary>The update section, rule by rule (RFC 2136 §2.5, §3.3 to §3.8): what is silently ignored, the order, what stays whole.</summary>
public sealed class UpdateSectionTests : IDisposable
{
    private const DnsType Null = (DnsType)10;
    private const DnsType WellKnownServices = (DnsType)11;

    private readonly ServerHarness _server = new();
    private readonly DnsName _studio;

    public UpdateSectionTests() => _studio = _server.Name("studio");

    public void Dispose() => _server.Dispose();

    [Theory]
    [Trait("rfc", "2136§3")]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(15)]
    public async Task Opcode_NotImplemented_IsNotImp(int opcode)
    {
        byte[] message = (ServerHarness.Query(_studio, DnsType.A) with { Opcode = (DnsOpcode)opcode, Id = 0x1234 }).ToArray();
        Assert.True(DnsHeader.TryRead(await _server.SendAsync(message), out DnsHeader header));
        Assert.Equal((DnsRcode.NotImp, (ushort)0x1234, (DnsOpcode)opcode), (header.Rcode, header.Id, header.Opcode));
        Assert.True(header.IsResponse);
    }

    [Fact]
    [Trait("rfc", "2136§2.2")]
    public async Task Header_ReservedBitsSet_AreIgnored()
    {
        DnsMessage update = ServerHarness.Update(_server.Apex, [Records.A(_studio, "192.0.2.1")]) with { Flags = (DnsFlags)0x0770 };
        Assert.Equal(DnsRcode.NoError, (await _server.AskAsync(update, _server.Key)).Rcode);
    }

    [Fact]
    [Trait("rfc", "2136§3.8")]
    public async Task Response_OfAnyOutcome_HasIdOpcodeAndZoneAlone()
    {
        foreach (DnsRecord[] prerequisites in new DnsRecord[][] { [], [Records.NameInUse(_server.Name("absent"))] })
        {
            DnsMessage reply = await _server.UpdateAsync([Records.A(_studio, "192.0.2.1")], prerequisites);
            Assert.Equal(DnsOpcode.Update, reply.Opcode);
            Assert.Equal(new DnsQuestion(_server.Apex, DnsType.SOA), Assert.Single(reply.Questions));
            Assert.Empty(reply.Answers);
            Assert.Empty(reply.Authority);
        }
    }

    [Fact]
    [Trait("rfc", "2136§2.6")]
    public async Task Additional_Glue_IsIgnored()
    {
        DnsMessage update = ServerHarness.Update(_server.Apex, [Records.A(_studio, "192.0.2.1")]);
        update = update with { Additional = [Records.A(_server.Name("glue"), "192.0.2.2"), Records.A(DnsName.Parse("ns.example.com"), "192.0.2.3")] };
        Assert.Equal(DnsRcode.NoError, (await _server.AskAsync(update, _server.Key)).Rcode);
        Assert.Null(_server.Zone.Current.Find(_server.Name("glue")));
    }

    [Fact]
    [Trait("rfc", "2136§2.5.2")]
    public async Task Deletes_OfWhatIsNotThere_AreSilentlyIgnored()
    {
        DnsName absent = _server.Name("absent");
        uint before = _server.Serial;
        foreach (DnsRecord record in new[]
                 {
                     Records.DeleteSet(absent, DnsType.A), Records.DeleteName(absent), Records.Delete(Records.A(absent, "192.0.2.1")),
                     Records.DeleteSet(_server.Apex, DnsType.TXT), Records.Delete(Records.Txt(_server.Apex, "x")),
                 })
        {
            Assert.Equal(DnsRcode.NoError, (await _server.UpdateAsync([record])).Rcode);
        }

        Assert.Equal(before, _server.Serial);
    }

    [Fact]
    [Trait("rfc", "2136§2.4")]
    public async Task UpdateSection_Empty_OnlyAsksThePrerequisites()
    {
        uint before = _server.Serial;
        Assert.Equal(DnsRcode.NoError, (await _server.UpdateAsync([], [Records.NameNotInUse(_studio)])).Rcode);
        Assert.Equal(DnsRcode.NXDomain, (await _server.UpdateAsync([], [Records.NameInUse(_studio)])).Rcode);
        Assert.Equal(DnsRcode.NoError, (await _server.UpdateAsync([])).Rcode);
        Assert.Equal(before, _server.Serial);
    }

    [Fact]
    [Trait("rfc", "2136§3.4.2")]
    public async Task Updates_InOneMessage_AreDoneInTheirOrder()
    {
        DnsRecord address = Records.A(_studio, "192.0.2.1");
        await _server.AddAsync(address, Records.Delete(address));
        Assert.Null(_server.Zone.Current.Find(_studio));
        await _server.AddAsync(Records.DeleteName(_studio), address);
        Assert.Single(_server.Zone.Current.FindSet(_studio, DnsType.A));
        // A CNAME clashes with what is there when its turn comes.
        await _server.AddAsync(Records.Cname(_studio, _server.Apex), Records.DeleteName(_studio), Records.Cname(_studio, _server.Name("later")));
        Assert.Equal(new CnameData(_server.Name("later")), Assert.Single(_server.Zone.Current.FindSet(_studio, DnsType.CNAME)).Data);
        await _server.AddAsync(Records.DeleteSet(_studio, DnsType.CNAME), address);
        Assert.Single(_server.Zone.Current.FindSet(_studio, DnsType.A));
    }

    [Fact]
    [Trait("rfc", "2136§3.4.2.2")]
    public async Task Add_Cname_ReplacesTheOneThatIsThere()
    {
        await _server.AddAsync(Records.Cname(_studio, _server.Apex));
        uint before = _server.Serial;
        await _server.AddAsync(Records.Cname(_studio, _server.Name("other"), 77));
        Assert.Equal(Records.Cname(_studio, _server.Name("other"), 77), Assert.Single(_server.Zone.Current.FindSet(_studio, DnsType.CNAME)));
        Assert.Equal(before + 1, _server.Serial);
    }

    [Fact]
    [Trait("rfc", "2136§3.4.2.2")]
    public async Task Add_Wks_ReplacesTheOneOfTheSameHostAndProtocol()
    {
        DnsRecord tcp = Wks(6, 0x80), otherTcp = Wks(6, 0x40), udp = Wks(17, 0x80);
        await _server.AddAsync(tcp, udp);
        await _server.AddAsync(otherTcp);
        Assert.Equal([udp.Data, otherTcp.Data], _server.Zone.Current.FindSet(_studio, WellKnownServices).Select(record => record.Data));
    }

    [Fact]
    [Trait("rfc", "2136§2.4.1")]
    public async Task Data_EmptyByNature_IsToldFromNoData()
    {
        var record = new DnsRecord(_studio, Null, DnsClass.IN, 60, new UnknownData(Null, default));
        var other = new DnsRecord(_studio, Null, DnsClass.IN, 60, new UnknownData(Null, new byte[] { 7 }));
        await _server.AddAsync(record, other);
        Assert.Equal(2, _server.Zone.Current.FindSet(_studio, Null).Count);
        Assert.Equal(DnsRcode.NoError, (await _server.UpdateAsync([], [Records.SetIs(record), Records.SetIs(other)])).Rcode);
        Assert.Equal(DnsRcode.NXRRSet, (await _server.UpdateAsync([], [Records.SetIs(record)])).Rcode);
        await _server.AddAsync(Records.Delete(record));
        Assert.Equal(other, Assert.Single(_server.Zone.Current.FindSet(_studio, Null)));
    }

    [Fact]
    [Trait("rfc", "2136§2.5.1")]
    public async Task Data_MissingInAnAddition_IsFormErr()
    {
        DnsRecord bare = Records.Empty(_studio, DnsType.A, DnsClass.IN) with { Ttl = 60 };
        byte[] message = _server.Sign(ServerHarness.Update(_server.Apex, [bare]));
        Assert.True(DnsHeader.TryRead(await _server.SendAsync(message), out DnsHeader header));
        Assert.Equal(DnsRcode.FormErr, header.Rcode);
    }

    [Fact]
    [Trait("rfc", "2136§3.4.2.4")]
    public async Task DeleteOne_AllServersInOneUpdate_LeavesTheLast()
    {
        DnsRecord[] servers = [.. Enumerable.Range(2, 3).Select(i => Records.Ns(_server.Apex, DnsName.Parse($"ns{i}.example.org")))];
        await _server.AddAsync(servers);
        DnsRecord[] all = [.. _server.Zone.Current.FindSet(_server.Apex, DnsType.NS)];
        Assert.Equal(4, all.Length);
        await _server.AddAsync([.. all.Select(Records.Delete)]);
        Assert.Equal(all[^1], Assert.Single(_server.Zone.Current.FindSet(_server.Apex, DnsType.NS)));
    }

    [Fact]
    [Trait("rfc", "2136§3.4.2.4")]
    public async Task Delete_ServersBelowTheApex_AreLikeOtherRecords()
    {
        DnsRecord ns = Records.Ns(_studio, DnsName.Parse("ns.example.org"));
        await _server.AddAsync(ns);
        await _server.AddAsync(Records.Delete(ns));
        Assert.Null(_server.Zone.Current.Find(_studio));
        await _server.AddAsync(ns);
        await _server.AddAsync(Records.DeleteSet(_studio, DnsType.NS));
        Assert.Null(_server.Zone.Current.Find(_studio));
        await _server.AddAsync(ns);
        await _server.AddAsync(Records.DeleteName(_studio));
        Assert.Null(_server.Zone.Current.Find(_studio));
    }

    [Fact]
    [Trait("rfc", "2136§3.6")]
    public async Task Serial_ManyChangesInOneUpdate_RisesByOneAndByNoneWithoutAny()
    {
        uint before = _server.Serial;
        await _server.AddAsync([.. Enumerable.Range(1, 50).Select(i => Records.A(_server.Name($"h{i}"), "192.0.2.1"))]);
        Assert.Equal(before + 1, _server.Serial);
        await _server.UpdateAsync([Records.A(_studio, "192.0.2.1")], [Records.NameInUse(_studio)]);
        await _server.UpdateAsync([Records.A(_studio, "192.0.2.1"), Records.A(DnsName.Parse("x.example.com"), "192.0.2.1")]);
        Assert.Equal(before + 1, _server.Serial);
        Assert.Equal(_server.Serial, ((SoaData)Assert.Single((await _server.QueryAsync(_server.Apex, DnsType.SOA)).Answers).Data).Serial);
    }

    [Fact]
    [Trait("rfc", "2136§3.2")]
    public async Task Order_PrerequisitesFirst_ThenPermission()
    {
        using var narrow = new TsigKey(DnsName.Parse("narrow.example.net"), TsigAlgorithm.HmacSha256, new byte[32]);
        using var server = new ServerHarness(extraKeys: [new ZoneKey(narrow, _studio)]);
        DnsRecord elsewhere = Records.A(server.Name("laptop"), "192.0.2.1");
        Assert.Equal(DnsRcode.NXDomain, (await server.UpdateAsync([elsewhere], [Records.NameInUse(_studio)], key: narrow)).Rcode);
        Assert.Equal(DnsRcode.Refused, (await server.UpdateAsync([elsewhere], [Records.NameNotInUse(_studio)], key: narrow)).Rcode);
    }

    [Fact]
    [Trait("rfc", "2136§3.3")]
    public async Task Prerequisites_AboutWhatTheKeyMayNotRead_TellNothing()
    {
        using var narrow = new TsigKey(DnsName.Parse("narrow.example.net"), TsigAlgorithm.HmacSha256, new byte[32]);
        using var server = new ServerHarness(extraKeys: [new ZoneKey(narrow, _studio)]);
        DnsName laptop = server.Name("laptop");
        await server.AddAsync(Records.A(laptop, "192.0.2.1"));
        DnsRecord own = Records.A(_studio, "192.0.2.1");
        foreach (DnsRecord prerequisite in new[] { Records.NameInUse(laptop), Records.NameNotInUse(laptop), Records.SetExists(laptop, DnsType.A), Records.SetIs(Records.A(laptop, "192.0.2.1")) })
        {
            Assert.Equal(DnsRcode.Refused, (await server.UpdateAsync([own], [prerequisite], key: narrow)).Rcode);
        }

        Assert.Equal(DnsRcode.NoError, (await server.UpdateAsync([own], [Records.NameNotInUse(_studio)], key: narrow)).Rcode);
        Assert.Equal(DnsRcode.NoError, (await server.UpdateAsync([own], [Records.SetExists(server.Apex, DnsType.SOA)], key: narrow)).Rcode);
    }

    [Fact]
    [Trait("rfc", "2136§3.7")]
    public async Task Queries_DuringUpdates_SeeAllOfOneOrNothing()
    {
        await _server.AddAsync(Pair(0));
        using var stop = new CancellationTokenSource();
        Task<int> reading = Task.Run(async () =>
        {
            int seen = 0;
            while (!stop.IsCancellationRequested)
            {
                byte[]? answer = await _server.SendAsync(_server.Sign(ServerHarness.Query(_studio, DnsType.TXT) with { Id = 9 }));
                Assert.True(DnsMessage.TryParse(answer, out DnsMessage? reply));
                Assert.Equal(2, reply.Answers.Count);
                Assert.Single(reply.Answers.Select(record => record.Data.ToString()!.Trim('"')[1..]).Distinct());
                seen++;
            }

            return seen;
        });
        for (int i = 1; i < 300; i++)
            await _server.AddAsync([Records.DeleteSet(_studio, DnsType.TXT), .. Pair(i)]);
        await stop.CancelAsync();
        Assert.True(await reading > 0);
    }

    [Fact]
    [Trait("rfc", "2136§3.7")]
    public async Task Updates_Concurrent_CannotAllStartFromTheSamePrerequisite()
    {
        DnsMessage[] replies = await Task.WhenAll(Enumerable.Range(0, 50).Select(i =>
            Task.Run(() => _server.UpdateAsync([Records.Txt(_studio, $"{i}")], [Records.NameNotInUse(_studio)]))));
        Assert.Single(replies, reply => reply.Rcode == DnsRcode.NoError);
        Assert.Equal(49, replies.Count(reply => reply.Rcode == DnsRcode.YXDomain));
        Assert.Single(_server.Zone.Current.FindSet(_studio, DnsType.TXT));
    }

    private DnsRecord[] Pair(int generation) => [Records.Txt(_studio, $"a{generation}"), Records.Txt(_studio, $"b{generation}")];

    private DnsRecord Wks(byte protocol, byte services) =>
        new(_studio, WellKnownServices, DnsClass.IN, 60, new UnknownData(WellKnownServices, new byte[] { 192, 0, 2, 1, protocol, services }));
}
