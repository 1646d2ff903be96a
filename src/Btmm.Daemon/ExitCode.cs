namespace Btmm.Daemon;

/// <summary>How <c>btmmd</c> ends.</summary>
internal static class ExitCode
{
    /// <summary>Done, or stopped cleanly.</summary>
    internal const int Success = 0;

    /// <summary>Something failed; the reason is on standard error.</summary>
    internal const int Failure = 1;

    /// <summary>The command line is wrong.</summary>
    internal const int Usage = 2;

    /// <summary>The account file is missing, damaged or its passphrase wrong; or the key file of a store is.</summary>
    internal const int Account = 3;

    /// <summary>The rights do not suffice.</summary>
    internal const int Permission = 4;

    /// <summary>A port, name or state directory is in use.</summary>
    internal const int Busy = 5;
}
