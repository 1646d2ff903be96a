namespace Btmm.Platform.Services;

/// <summary>When the service manager starts a service again.</summary>
public enum ServiceRestart
{
    /// <summary>Whenever it has ended, unless it was stopped by the service manager.</summary>
    Always,

    /// <summary>When it has ended with an error or was killed.</summary>
    OnFailure,
}
