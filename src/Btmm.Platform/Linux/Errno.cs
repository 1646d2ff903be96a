namespace Btmm.Platform.Linux;

/// <summary>The error numbers of Linux that we tell apart.</summary>
internal static class Errno
{
    public const int PermissionDenied = 1;
    public const int NoEntry = 2;
    public const int Interrupted = 4;
    public const int InputOutput = 5;
    public const int NoSuchDeviceOrAddress = 6;
    public const int TryAgain = 11;
    public const int AccessDenied = 13;
    public const int Busy = 16;
    public const int NoDevice = 19;
    public const int Invalid = 22;
    public const int NoSystemCall = 38;
    public const int MessageTooLong = 90;
    public const int NotSupported = 95;
}
