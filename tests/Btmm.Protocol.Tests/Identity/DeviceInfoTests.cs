using System.Text;
using Btmm.Protocol.Identity;

namespace Btmm.Protocol.Tests.Identity;

public sealed class DeviceInfoTests
{
    private static ReadOnlyMemory<byte> Bytes(string text) => Encoding.UTF8.GetBytes(text);

    [Fact]
    [Trait("rfc", "6763§6.4")]
    public void Parse_MixedStrings_KeepsTheFirstOfEachProperKey()
    {
        DeviceInfo info = DeviceInfo.Parse([Bytes("Model=Mac Pro"), Bytes("=nothing"), Bytes("model=other"), Bytes("flag"), Bytes("os="), Bytes(""), Bytes("a\u0001=x")]);
        Assert.Equal("Mac Pro", info.Model);
        Assert.Equal("", info.OperatingSystem);
        Assert.Null(info.Find("flag"));
        Assert.Equal(3, info.Attributes.Count);
    }

    [Fact]
    public void ToStrings_OwnAttributes_RoundTrip()
    {
        Assert.True(DeviceInfo.TryCreate([new("model", "Büro=1"), new("flag", null)], out DeviceInfo? info));
        DeviceInfo read = DeviceInfo.Parse(info!.ToStrings());
        Assert.Equal(info.Attributes, read.Attributes);
    }

    [Fact]
    [Trait("rfc", "6763§6.1")]
    public void ToStrings_NoAttributes_IsOneEmptyString() => Assert.True(Assert.Single(DeviceInfo.Empty.ToStrings()).IsEmpty);

    [Theory]
    [InlineData("", "x")]
    [InlineData("a=b", "x")]
    [InlineData("ä", "x")]
    [InlineData("MODEL", "twice")]
    public void TryCreate_BadKey_Fails(string key, string value) =>
        Assert.False(DeviceInfo.TryCreate([new("model", "m"), new(key, value)], out _));

    [Fact]
    public void TryCreate_TooLong_Fails()
    {
        Assert.False(DeviceInfo.TryCreate([new("k", new string('x', 254))], out _));
        Assert.True(DeviceInfo.TryCreate([new("k", new string('x', 253))], out _));
        Assert.False(DeviceInfo.TryCreate(Enumerable.Range(0, 6).Select(i => new KeyValuePair<string, string?>($"k{i}", new string('x', 252))), out _));
    }

    [Fact]
    public void Parse_RandomStrings_NeverThrows()
    {
        var random = new Random(6763);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(0, 40)];
            random.NextBytes(bytes);
            DeviceInfo.Parse([bytes, bytes]);
        }
    }
}
