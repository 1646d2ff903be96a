namespace Btmm.Interop.Tests.Dns;

public sealed class BindTests(BindServer server) : NameServerTests(server), IClassFixture<BindServer>;
