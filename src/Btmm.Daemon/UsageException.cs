namespace Btmm.Daemon;

/// <summary>The command line is wrong in the way the message says.</summary>
internal sealed class UsageException(string message) : Exception(message);
