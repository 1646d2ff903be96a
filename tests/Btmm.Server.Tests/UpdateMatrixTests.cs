using System.Buffers.Binary;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Tests;

/// <summary>
/// Every combination of class, type, TTL and data length in the prerequisite and in the update section, against the pseudocode of
/// RFC 2136 §3.2.5 and §3.4.1.3 written down once more.
/// </summary>
public sealed class UpdateMatrixTests : IDisposable
{
    private static readonly DnsClass[] s_classes = [DnsClass.IN, DnsClass.ANY, DnsClass.NONE, DnsClass.CH, (DnsClass)0];
    private static readonly DnsType[] s_types = [DnsType.A, DnsType.TXT, DnsType.ANY, DnsType.AXFR, DnsType.IXFR, DnsType.MAILA, DnsType.MAILB, (DnsType)65_400];
    private static readonly uint[] s_ttls = [0, 1, uint.MaxValue];

    private readonly ServerHarness _server = new();
    private readonly DnsName _used;
    private readonly DnsName _unused;
    private readonly DnsName _outside = DnsName.Parse("www.example.com");

    public UpdateMatrixTests()
    {
        _used = _server.Name("used");
        _unused = _server.Name("unused");
    }

    public void Dispose() => _server.Dispose();

    [Fact]
    [Trait("rfc", "2136§3.2.4")]
    [Trait("rfc", "2136§3.2.5")]
    public async Task Prerequisites_OfEveryForm_AreJudgedAsThePseudocodeSays()
    {
        await _server.AddAsync(Records.A(_used, "192.0.2.1"));
        foreach ((Entry entry, byte[] message) in All(asPrerequisite: true))
        {
            DnsRcode expected = Prerequisite(entry);
            Assert.True(expected == await RcodeAsync(message), $"{entry}: not {expected}");
        }
    }

    [Fact]
    [Trait("rfc", "2136§3.4.1.3")]
    [Trait("rfc", "2136§3.4.2.6")]
    public async Task Updates_OfEveryForm_AreJudgedAsThePseudocodeSays()
    {
        foreach ((Entry entry, byte[] message) in All(asPrerequisite: false))
        {
            await _server.AddAsync(Records.DeleteName(_used), Records.DeleteName(_unused), Records.A(_used, "192.0.2.1"));
            uint before = _server.Serial;
            DnsRcode expected = Prescan(entry);
            Assert.True(expected == await RcodeAsync(message), $"{entry}: not {expected}");
            Assert.True(Changes(entry, expected) == (_server.Serial != before), $"{entry}");
        }
    }

    // §3.2.5; data that does not fit its type is malformed before anything else is looked at.
    private DnsRcode Prerequisite(Entry entry)
    {
        if (IsUnreadable(entry))
            return DnsRcode.FormErr;
        if (entry.Ttl != 0)
            return DnsRcode.FormErr;
        if (entry.Name == _outside)
            return DnsRcode.NotZone;
        bool isUsed = entry.Name == _used;
        bool hasSet = isUsed && entry.Type == DnsType.A;
        return entry.Class switch
        {
            DnsClass.ANY or DnsClass.NONE when entry.DataLength != 0 => DnsRcode.FormErr,
            DnsClass.ANY when entry.Type == DnsType.ANY => isUsed ? DnsRcode.NoError : DnsRcode.NXDomain,
            DnsClass.ANY => hasSet ? DnsRcode.NoError : DnsRcode.NXRRSet,
            DnsClass.NONE when entry.Type == DnsType.ANY => isUsed ? DnsRcode.YXDomain : DnsRcode.NoError,
            DnsClass.NONE => hasSet ? DnsRcode.YXRRSet : DnsRcode.NoError,
            DnsClass.IN when entry.Type == DnsType.ANY => DnsRcode.FormErr,
            DnsClass.IN => hasSet ? DnsRcode.NoError : DnsRcode.NXRRSet,
            _ => DnsRcode.FormErr,
        };
    }

    // §3.4.1.3; IXFR is a metatype that came later (RFC 1995 §2).
    private DnsRcode Prescan(Entry entry)
    {
        bool isMeta = entry.Type is DnsType.AXFR or DnsType.IXFR or DnsType.MAILA or DnsType.MAILB;
        if (IsUnreadable(entry))
            return DnsRcode.FormErr;
        if (entry.Name == _outside)
            return DnsRcode.NotZone;
        bool isBad = entry.Class switch
        {
            DnsClass.IN => isMeta || entry.Type == DnsType.ANY,
            DnsClass.ANY => entry.Ttl != 0 || entry.DataLength != 0 || isMeta,
            DnsClass.NONE => entry.Ttl != 0 || isMeta || entry.Type == DnsType.ANY,
            _ => true,
        };
        return isBad ? DnsRcode.FormErr : DnsRcode.NoError;
    }

    // §3.4.2: what is the same as before, or not there, changes nothing.
    private bool Changes(Entry entry, DnsRcode rcode) => rcode == DnsRcode.NoError && entry.Class switch
    {
        DnsClass.IN => true, // another TTL than the 120 s of the record that is there, or another record
        DnsClass.ANY => entry.Name == _used && entry.Type is DnsType.A or DnsType.ANY,
        _ => entry.Name == _used && entry.Type == DnsType.A && entry.DataLength > 0,
    };

    // Only entries of class ANY and NONE may go without the data that their type has.
    private static bool IsUnreadable(Entry entry)
    {
        bool mayBeEmpty = entry.Class is DnsClass.ANY or DnsClass.NONE;
        return entry.Type switch
        {
            DnsType.A => entry.DataLength != 4 && !(mayBeEmpty && entry.DataLength == 0),
            DnsType.TXT => entry.DataLength == 0 && !mayBeEmpty,
            _ => false,
        };
    }

    private IEnumerable<(Entry Entry, byte[] Message)> All(bool asPrerequisite)
    {
        foreach (DnsName name in new[] { _used, _unused, _outside })
        {
            foreach (DnsClass @class in s_classes)
            {
                foreach (DnsType type in s_types)
                {
                    foreach (uint ttl in s_ttls)
                    {
                        foreach (int length in new[] { 0, 4 })
                        {
                            var entry = new Entry(name, @class, type, ttl, length);
                            yield return (entry, Message(entry, asPrerequisite));
                        }
                    }
                }
            }
        }
    }

    // Written by hand, since our own writer would not write all of them; then signed.
    private byte[] Message(Entry entry, bool asPrerequisite)
    {
        byte[] unsigned = (ServerHarness.Update(_server.Apex, []) with { Id = 0x4321 }).ToArray();
        byte[] fields = new byte[10];
        BinaryPrimitives.WriteUInt16BigEndian(fields, (ushort)entry.Type);
        BinaryPrimitives.WriteUInt16BigEndian(fields.AsSpan(2), (ushort)entry.Class);
        BinaryPrimitives.WriteUInt32BigEndian(fields.AsSpan(4), entry.Ttl);
        BinaryPrimitives.WriteUInt16BigEndian(fields.AsSpan(8), (ushort)entry.DataLength);
        // 192.0.2.1; as TXT a string of 192 bytes would be too long, so there it is one of three.
        byte[] data = entry.DataLength == 0 ? [] : entry.Type == DnsType.TXT ? [3, 0, 2, 1] : [192, 0, 2, 1];
        byte[] message = [.. unsigned, .. entry.Name.Wire, .. fields, .. data];
        message[asPrerequisite ? 7 : 9] = 1;
        return _server.Sign(message);
    }

    private async Task<DnsRcode> RcodeAsync(byte[] message)
    {
        Assert.True(DnsHeader.TryRead(await _server.SendAsync(message), out DnsHeader header));
        return header.Rcode;
    }

    private sealed record Entry(DnsName Name, DnsClass Class, DnsType Type, uint Ttl, int DataLength);
}
