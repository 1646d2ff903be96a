using Btmm.Protocol.Ike;
using Btmm.Protocol.Ike.Events;

namespace Btmm.Protocol.Tests.Ike;

public sealed class IkeConnectTests
{
    [Fact, Trait("rfc", "7296§1.2")]
    public void Connect_WillingPeer_TakesTwoExchanges()
    {
        using var world = new IkeWorld(1);
        (IkeHost a, IkeHost b) = world.AddPair();

        // a --> b  IKE_SA_INIT  SA KE Ni N(NAT_DETECTION_*)
        a.Connect(b);
        Assert.Equal(1, a.Sent);
        // a <-- b  IKE_SA_INIT  SA KE Nr N(NAT_DETECTION_*)
        Assert.True(world.RunUntil(() => b.Endpoint.HalfOpenCount == 1, 1));
        // a --> b  IKE_AUTH  IDi N(INITIAL_CONTACT) IDr AUTH SA TSi TSr N(MOBIKE_SUPPORTED)
        Assert.True(world.RunUntil(() => b.Endpoint.EstablishedCount == 1, 1));
        // a <-- b  IKE_AUTH  IDr AUTH SA TSi TSr N(MOBIKE_SUPPORTED)
        Assert.True(world.RunUntil(() => a.Endpoint.EstablishedCount == 1, 1));

        Assert.Equal(4, world.Delivered);
        AssertOneTunnel(a, b);
        Assert.Equal(0, b.Endpoint.HalfOpenCount);
        IkeSaInfo sa = Assert.Single(a.Endpoint.GetSas());
        Assert.True(sa.IsInitiator && sa.SupportsMobike);
        Assert.Equal(IkeSuite.Aes256Gcm16PrfSha384Ecp384, sa.Suite);
        Assert.Equal("b.test", sa.Identity);
        Assert.True(a.Installed.Values.Single().Inbound.ExtendedSequenceNumbers);
        ChildSaEstablished child = Assert.Single(b.All<ChildSaEstablished>());
        Assert.Equal(a.Identifier, child.Peer);
        Assert.Equal(b.Identifier, child.Local);
    }

    [Theory]
    [InlineData(IkeSuite.Aes256Gcm16PrfSha384Ecp384)]
    [InlineData(IkeSuite.Aes256Gcm16PrfSha256Ecp256)]
    [InlineData(IkeSuite.Aes256Gcm16PrfSha512Ecp384)]
    public void Connect_EachSuite_Works(IkeSuite suite)
    {
        using var world = new IkeWorld(2);
        (IkeHost a, IkeHost b) = world.AddPair(o => o with { Suites = [suite] });
        a.Connect(b);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
        Assert.Equal(suite, a.Endpoint.GetSas()[0].Suite);
    }

    [Fact, Trait("rfc", "7296§1.3")]
    public void Connect_OtherGroupWanted_TriesAgainWithIt()
    {
        using var world = new IkeWorld(3);
        IkeHost a = world.AddHost("a.test", "198.51.100.1:1");
        IkeHost b = world.AddHost("b.test", "198.51.100.2:2", o => o with { Suites = [IkeSuite.Aes256Gcm16PrfSha256Ecp256] });
        // a --> b  IKE_SA_INIT  KE(384)      a <-- b  N(INVALID_KE_PAYLOAD, 256)      a --> b  IKE_SA_INIT  KE(256) ...
        a.Connect(b);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
        Assert.Equal(6, world.Delivered);
        Assert.Equal(IkeSuite.Aes256Gcm16PrfSha256Ecp256, b.Endpoint.GetSas()[0].Suite);
    }

    [Fact, Trait("rfc", "7296§2.6")]
    public void Connect_BusyResponder_WantsCookieFirst()
    {
        using var world = new IkeWorld(4);
        IkeHost a = world.AddHost("a.test", "198.51.100.1:1");
        IkeHost b = world.AddHost("b.test", "198.51.100.2:2", o => o with { CookieThreshold = 0 });
        // a --> b  IKE_SA_INIT
        // a <-- b  N(COOKIE)                    no state, no Diffie-Hellman
        // a --> b  IKE_SA_INIT  N(COOKIE) ...
        a.Connect(b);
        Assert.True(world.RunUntil(() => world.Delivered == 2, 1));
        Assert.Equal(0, b.Endpoint.StateCount);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
        Assert.Equal(6, world.Delivered);
    }

    [Fact]
    public void Connect_NoExtendedNumbersWanted_AgreesOn32Bits()
    {
        using var world = new IkeWorld(5);
        IkeHost a = world.AddHost("a.test", "198.51.100.1:1");
        IkeHost b = world.AddHost("b.test", "198.51.100.2:2", o => o with { SequenceNumbers = IkeSequenceNumbers.Never });
        a.Connect(b);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
        Assert.False(a.Installed.Values.Single().Inbound.ExtendedSequenceNumbers);
    }

    [Fact]
    public void Rekey_Of32BitPair_Stays32Bits()
    {
        using var world = new IkeWorld(5);
        IkeHost a = world.AddHost("a.test", "198.51.100.1:1", o => o with { SequenceNumbers = IkeSequenceNumbers.Never });
        IkeHost b = world.AddHost("b.test", "198.51.100.2:2");
        a.Connect(b);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
        b.Do(e => e.RekeyChild(world.Now, a.Identifier));
        world.Run(TimeSpan.FromSeconds(10));
        AssertOneTunnel(a, b);
        Assert.False(b.Installed.Values.Single().Inbound.ExtendedSequenceNumbers);
        Assert.Equal(2, b.All<ChildSaEstablished>().Count());
    }

    [Theory]
    [InlineData("key")]
    [InlineData("initiator unknown")]
    [InlineData("short key")]
    public void Connect_NotOfTheAccount_FailsInOneWay(string why)
    {
        using var world = new IkeWorld(6);
        (IkeHost a, IkeHost b) = world.AddPair();
        if (why == "key") b.Policy.Key = [.. IkeWorld.Key.Reverse()];
        if (why == "short key") a.Policy.Key = b.Policy.Key = [1, 2, 3];
        if (why == "initiator unknown") b.Policy.Unknown.Add("a.test");
        List<int> lengths = [];
        world.Filter = (from, _, message) =>
        {
            if (from == b) lengths.Add(message.Length);
            return true;
        };
        a.Connect(b);
        Assert.True(world.RunUntil(() => a.All<IkeSaClosed>().Any(), 30));
        IkeSaClosed closed = a.All<IkeSaClosed>().Single();
        Assert.Equal(IkeCloseReason.AuthenticationFailed, closed.Reason);
        Assert.False(closed.WasEstablished);
        Assert.Empty(b.Events);
        Assert.Equal(0, b.Endpoint.EstablishedCount);
        if (why != "short key") Assert.Equal(65, lengths[^1]); // header 28, SK 4, IV 8, notify 8, pad length 1, ICV 16
        world.Run(TimeSpan.FromMinutes(1));
        Assert.Equal(0, a.Endpoint.StateCount + b.Endpoint.StateCount);
    }

    [Fact]
    public void Connect_OtherHostAnswers_IsNotAccepted()
    {
        using var world = new IkeWorld(7);
        (IkeHost a, IkeHost b) = world.AddPair();
        IkeHost c = world.AddHost("c.test", "198.51.100.3:3");
        // c has the account's key but is not b: it refuses to be taken for b
        a.Connect(b, c.Public);
        Assert.True(world.RunUntil(() => a.All<IkeSaClosed>().Any(), 30));
        Assert.Equal(IkeCloseReason.AuthenticationFailed, a.All<IkeSaClosed>().Single().Reason);
        Assert.Empty(c.Events);
    }

    [Fact]
    public void Connect_IdentifierNotAllowed_IsToldSo()
    {
        using var world = new IkeWorld(8);
        (IkeHost a, IkeHost b) = world.AddPair();
        b.Policy.Forbidden.Add(a.Identifier);
        a.Connect(b);
        Assert.True(world.RunUntil(() => a.All<IkeSaClosed>().Any(), 30));
        Assert.Equal(IkeCloseReason.TrafficSelectorsUnacceptable, a.All<IkeSaClosed>().Single().Reason);
        world.Run(TimeSpan.FromMinutes(1));
        Assert.Equal(0, a.Endpoint.StateCount + b.Endpoint.StateCount);
        Assert.Empty(b.Installed);
    }

    [Fact]
    public void Connect_NoCommonSuite_IsReportedAfterTheWait()
    {
        using var world = new IkeWorld(9);
        IkeHost a = world.AddHost("a.test", "198.51.100.1:1", o => o with { Suites = [IkeSuite.Aes256Gcm16PrfSha512Ecp384] });
        IkeHost b = world.AddHost("b.test", "198.51.100.2:2");
        a.Connect(b);
        Assert.True(world.RunUntil(() => a.All<IkeSaClosed>().Any(), 60));
        Assert.Equal(IkeCloseReason.NoProposalChosen, a.All<IkeSaClosed>().Single().Reason);
        Assert.Equal(0, b.Endpoint.StateCount);
    }

    [Fact]
    public void Connect_SilentPeer_GivesUpAfterBackoff()
    {
        using var world = new IkeWorld(10);
        (IkeHost a, IkeHost b) = world.AddPair();
        world.Loss = 1;
        a.Connect(b);
        world.Run(TimeSpan.FromSeconds(30));
        Assert.Equal(IkeCloseReason.Unresponsive, a.All<IkeSaClosed>().Single().Reason);
        Assert.Equal(6, a.Sent); // at 0, 0.5, 1.5, 3.5, 7.5, 15.5 s
        Assert.Null(a.Endpoint.NextTimeout);
    }

    [Fact]
    public void Close_OneSide_EndsBoth()
    {
        using var world = new IkeWorld(11);
        (IkeHost a, IkeHost b) = world.AddPair();
        a.Connect(b);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
        // a --> b  INFORMATIONAL D(IKE)      a <-- b  INFORMATIONAL
        a.Do(e => e.Close(world.Now, b.Identifier));
        Assert.Empty(a.Installed);
        Assert.True(world.RunUntil(() => b.All<IkeSaClosed>().Any(), 2));
        Assert.Equal(IkeCloseReason.PeerRequest, b.All<IkeSaClosed>().Single().Reason);
        Assert.Equal(IkeCloseReason.LocalRequest, a.All<IkeSaClosed>().Single().Reason);
        Assert.Empty(b.Installed);
        world.Run(TimeSpan.FromMinutes(1));
        Assert.Equal(0, a.Endpoint.StateCount + b.Endpoint.StateCount);
    }

    [Fact, Trait("rfc", "7296§2.4")]
    public void Restart_InitialContact_ReplacesAtOnce()
    {
        using var world = new IkeWorld(12);
        (IkeHost a, IkeHost b) = world.AddPair();
        a.Connect(b);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
        world.Run(TimeSpan.FromSeconds(10));
        a.Restart();
        a.Connect(b);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
        AssertOneTunnel(a, b);
        Assert.Contains(b.All<IkeSaClosed>(), c => c.Reason == IkeCloseReason.PeerRestarted);
    }

    [Fact]
    public void Restart_NewIdentifier_ReplacesAtOnce()
    {
        using var world = new IkeWorld(13);
        (IkeHost a, IkeHost b) = world.AddPair();
        a.Connect(b);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
        a.Restart("fd00::77");
        b.Connect(a);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 5));
        AssertOneTunnel(a, b);
    }

    [Fact, Trait("rfc", "7296§2.21.4")]
    public void Restart_PeerStillSends_NoticesWithinSeconds()
    {
        using var world = new IkeWorld(14);
        (IkeHost a, IkeHost b) = world.AddPair();
        b.Connect(a);
        Assert.True(world.RunUntil(() => a.Reaches(b) && b.Reaches(a), 2));
        world.Run(TimeSpan.FromSeconds(5));
        a.Restart();
        // b --> a  INFORMATIONAL      b <-- a  N(INVALID_IKE_SPI), unprotected: only shortens the wait
        b.Do(e => e.CheckLiveness(world.Now, a.Identifier));
        Assert.True(world.RunUntil(() => b.All<IkeSaClosed>().Any(), 8));
        Assert.Equal(IkeCloseReason.Unresponsive, b.All<IkeSaClosed>().Single().Reason);
        Assert.Empty(b.Installed);
    }

    internal static void AssertOneTunnel(IkeHost a, IkeHost b)
    {
        Assert.True(a.Reaches(b));
        Assert.True(b.Reaches(a));
        Assert.Single(a.Endpoint.GetSas());
        Assert.Single(b.Endpoint.GetSas());
        Assert.Single(a.Endpoint.GetSas()[0].ChildSpis);
        Assert.Single(b.Endpoint.GetSas()[0].ChildSpis);
        Assert.Equal(a.Endpoint.GetSas()[0].InitiatorSpi, b.Endpoint.GetSas()[0].InitiatorSpi);
        Assert.Equal(a.Endpoint.GetSas()[0].ResponderSpi, b.Endpoint.GetSas()[0].ResponderSpi);
    }
}
