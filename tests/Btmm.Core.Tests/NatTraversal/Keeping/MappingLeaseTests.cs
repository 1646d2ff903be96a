using System.Net;
using Btmm.Core.Contracts;
using Btmm.Core.NatTraversal;
using Btmm.Core.NatTraversal.Keeping;
using Btmm.Protocol;

namespace Btmm.Core.Tests.NatTraversal.Keeping;

/// <summary>When a mapping is due, and which renewals are believed.</summary>
public sealed class MappingLeaseTests
{
    private static readonly TimeSpan s_wanted = TimeSpan.FromSeconds(3600);
    private static readonly IRandomSource s_random = SystemRandomSource.Instance;

    [Theory]
    [InlineData(3600, 1800)]
    [InlineData(120, 60)]
    [InlineData(100_000, 1800)]
    [InlineData(1, 1)]
    public void Make_NatPmp_DueAtHalfOfWhatIsReliedUpon(int granted, int due)
    {
        MappingLease lease = Make(granted);
        Assert.Equal(TimeSpan.FromSeconds(due), lease.RenewAt);
        Assert.Equal(TimeSpan.FromSeconds(Math.Min(granted, 3600)), lease.ExpiresAt);
    }

    [Fact]
    [Trait("rfc", "6887§11.2.1")]
    public void Make_Pcp_DueAtARandomMomentBetweenHalfAndFiveEighths()
    {
        TimeSpan[] due = [.. Enumerable.Range(0, 50).Select(_ => Make(3600, PortMappingMethod.Pcp).RenewAt)];
        Assert.All(due, at => Assert.InRange(at.TotalSeconds, 1800, 2250));
        Assert.True(due.Distinct().Count() > 10);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    [Trait("rfc", "6887§11.2.1")]
    public void Make_PcpWithAShortLifetime_RenewalsAreFourSecondsApart(int granted) => Assert.All(
        Enumerable.Range(0, 20).Select(_ => Make(granted, PortMappingMethod.Pcp).RenewAt), at => Assert.True(at >= TimeSpan.FromSeconds(4), $"{at}"));

    [Fact]
    public void Renew_Extended_Believed()
    {
        MappingLease lease = Renew(Make(3600), 1500, 3600);
        Assert.False(lease.DidNotExtend);
        Assert.Equal(TimeSpan.FromSeconds(5100), lease.ExpiresAt);
        Assert.Equal(TimeSpan.FromSeconds(3300), lease.RenewAt);
    }

    [Fact]
    public void Renew_AtHalfLife_NextComesJustAfterTheFirstWouldHaveEnded()
    {
        MappingLease lease = Renew(Make(3600), 1800, 3600);
        Assert.Equal(TimeSpan.FromSeconds(3601), lease.RenewAt);
        Assert.False(lease.DidNotExtend);
    }

    [Theory]
    [InlineData(1800, 1800, true)]
    [InlineData(1800, 1801, true)]
    [InlineData(1800, 1000, true)]
    [InlineData(1800, 2400, false)]
    [InlineData(5, 3595, false)]
    [InlineData(20, 3580, true)]
    [InlineData(3700, 3600, false)]
    public void Renew_WhatIsLeftGranted_IsNoticedUnlessTooSoonOrOver(int after, int granted, bool noticed) =>
        Assert.Equal(noticed, Renew(Make(3600), after, granted).DidNotExtend);

    [Fact]
    public void Renew_ShorterLifetimeThanBefore_StillExtendsWhenItEndsLater()
    {
        MappingLease shorter = Renew(Make(600), 300, 450);
        Assert.False(shorter.DidNotExtend);
    }

    [Fact]
    public void Renew_OtherPortMethodOrPermanent_CountsAsMadeAnew()
    {
        MappingLease lease = Make(3600);
        Assert.False(lease.Renew(Mapping(1800) with { ExternalPort = 9 }, TimeSpan.FromSeconds(1800), s_wanted, s_random).DidNotExtend);
        Assert.False(lease.Renew(Mapping(1800, PortMappingMethod.Igd), TimeSpan.FromSeconds(1800), s_wanted, s_random).DidNotExtend);
        Assert.False(lease.Renew(Mapping(1800) with { IsPermanent = true }, TimeSpan.FromSeconds(1800), s_wanted, s_random).DidNotExtend);
    }

    [Fact]
    public void UntilItEnds_Stuck_DueRightAfterTheEnd()
    {
        MappingLease lease = Make(1800).UntilItEnds();
        Assert.True(lease.IsStuck);
        Assert.Equal(TimeSpan.FromSeconds(1801), lease.RenewAt);
        Assert.False(Make(1801).Outlasts(lease));
        Assert.True(Make(1803).Outlasts(lease));
    }

    private static MappingLease Make(int granted, PortMappingMethod method = PortMappingMethod.NatPmp) =>
        MappingLease.Make(Mapping(granted, method), TimeSpan.Zero, s_wanted, s_random);

    private static MappingLease Renew(MappingLease lease, int after, int granted) =>
        lease.Renew(Mapping(granted), TimeSpan.FromSeconds(after), s_wanted, s_random);

    private static PortMapping Mapping(int granted, PortMappingMethod method = PortMappingMethod.NatPmp) => new(
        method, IPAddress.Parse("192.168.1.1"), PortMappingProtocol.Udp, 4500, 4500, TimeSpan.FromSeconds(granted), DateTimeOffset.UnixEpoch);
}
