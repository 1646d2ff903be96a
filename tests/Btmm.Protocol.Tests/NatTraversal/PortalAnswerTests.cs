using System.Text;
using Btmm.Protocol.NatTraversal.Portal;
using Btmm.Protocol.Tests.Dns;

namespace Btmm.Protocol.Tests.NatTraversal;

public sealed class PortalAnswerTests
{
    private const string Redirect = "HTTP/1.1 302 Found\r\nServer: portal\r\nlocation:  http://portal.example/login?x=1 \r\nContent-Length: 0\r\n\r\n";
    private const string Page = "HTTP/1.0 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Sign in</p>";

    [Theory]
    [InlineData(Redirect, 302, "http://portal.example/login?x=1", false, true)]
    [InlineData(Page, 200, null, true, false)]
    [InlineData("HTTP/1.1 200\n\n  <!DOCTYPE HTML><html>", 200, null, true, false)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n<HTML>", 200, null, true, false)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n<script>location='http://portal.example/'</script>", 200, null, true, false)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n<meta http-equiv=refresh content='0;url=http://portal.example/'>", 200, null, true, false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: application/xhtml+xml\r\n\r\n<?xml version='1.0'?>", 200, null, true, false)]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n<?xml version='1.0'?><feed/>", 200, null, false, false)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nok", 200, null, false, false)]
    [InlineData("HTTP/1.1 204 No Content\r\n", 204, null, false, false)]
    [InlineData("HTTP/1.1 511 Network Authentication Required\r\nContent-Type: text/html\r\n", 511, null, true, false)]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: /here\r\n\r\n", 302, "/here", false, true)]
    [InlineData("HTTP/1.1 302 Found\r\nX-Location: http://no\r\nLocation:\r\n\r\n", 302, null, false, false)]
    [InlineData("HTTP/1.1 302 Found\r\nLocation: http://a/\r\nLocation: http://b/\r\n\r\n", 302, "http://a/", false, true)]
    public void Answer_Read_TellsWhatItIs(string text, int status, string? location, bool isPage, bool isRedirect)
    {
        Assert.True(PortalAnswer.TryParse(Encoding.ASCII.GetBytes(text), out PortalAnswer? answer));
        Assert.Equal((status, location, isPage, isRedirect), (answer.Status, answer.Location, answer.IsPage, answer.IsRedirect));
    }

    [Theory]
    [InlineData("")]
    [InlineData("HTTP/1.1 200 OK")]
    [InlineData("HTTP/2 200 OK\r\n")]
    [InlineData("HTTP/1.1 2x0 OK\r\n")]
    [InlineData("HTTP/1.1 099 No\r\n")]
    [InlineData("HTTP/1.1 600 No\r\n")]
    [InlineData("HTTP/1.1  200\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.6\r\n")]
    public void Answer_NotHttp_IsNotRead(string text) =>
        Assert.False(PortalAnswer.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Fact]
    public void Answer_LocationThatMayNotBeShown_IsLeftOut()
    {
        foreach (string bad in (string[])["http://a/\u001b[2J", "http://a/ b", "http://\u00e4/"])
        {
            byte[] bytes = Encoding.Latin1.GetBytes($"HTTP/1.1 302 Found\r\nLocation: {bad}\r\n\r\n");
            Assert.True(PortalAnswer.TryParse(bytes, out PortalAnswer? answer));
            Assert.Null(answer.Location);
            Assert.True(answer.IsRedirect);
        }
    }

    [Fact]
    public void Answer_LongLocation_IsARedirectAndItsBeginningIsShown()
    {
        string location = $"https://portal.example/splash?mac=00:11:22:33:44:55&continue={new string('a', 1000)}";
        Assert.True(PortalAnswer.TryParse(Encoding.ASCII.GetBytes($"HTTP/1.1 302 Found\r\nLocation: {location}\r\n\r\n"), out PortalAnswer? answer));
        Assert.True(answer.IsRedirect);
        Assert.Equal(location[..256], answer.Location);
    }

    [Fact]
    public void Answer_EndlessHeaders_AreReadToALimit()
    {
        var text = new StringBuilder("HTTP/1.1 302 Found\r\n");
        for (int i = 0; i < 100; i++) text.Append("A: b\r\n");
        Assert.True(PortalAnswer.TryParse(Encoding.ASCII.GetBytes($"{text}Location: http://a/\r\n\r\n"), out PortalAnswer? answer));
        Assert.Null(answer.Location);
    }

    [Fact]
    public void Answers_BadInput_NeverThrow()
    {
        byte[][] good = [Encoding.ASCII.GetBytes(Redirect), Encoding.ASCII.GetBytes(Page)];
        foreach (byte[] one in good)
        {
            foreach (byte[] bad in Mutations.Truncations(one)) PortalAnswer.TryParse(bad, out _);
            foreach (byte[] bad in Mutations.SingleByteChanges(one)) Check(bad);
        }

        foreach (byte[] bad in Mutations.Random(good, 50_000, seed: 7)) Check(bad);
    }

    private static void Check(byte[] bytes)
    {
        if (!PortalAnswer.TryParse(bytes, out PortalAnswer? answer)) return;
        Assert.InRange(answer.Status, 100, 599);
        Assert.True(answer.Location is null || answer.Location.All(c => c is > ' ' and <= '~'));
    }
}
