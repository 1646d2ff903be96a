namespace Btmm.Server.Updates;

/// <summary>How large a zone may grow by updates; more is refused. Our own limits.</summary>
internal static class UpdateLimits
{
    /// <summary>Records at one name: a list of hosts fits, a flood does not.</summary>
    internal const int MaxRecordsPerName = 1024;

    /// <summary>Records in a zone.</summary>
    internal const int MaxRecordsPerZone = 100_000;
}
