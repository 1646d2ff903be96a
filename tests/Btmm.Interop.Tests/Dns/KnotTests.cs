using Btmm.Core.Diagnostics;

namespace Btmm.Interop.Tests.Dns;

public sealed class KnotTests(KnotServer server) : NameServerTests(server), IClassFixture<KnotServer>
{
    protected override BtmmErrorReason ReasonOutsideTheZone => BtmmErrorReason.Refused;
}
