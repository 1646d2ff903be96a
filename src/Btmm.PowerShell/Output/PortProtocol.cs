namespace Btmm.PowerShell.Output;

/// <summary>The transport protocol of a mapped port.</summary>
public enum PortProtocol
{
    /// <summary>TCP.</summary>
    Tcp,

    /// <summary>UDP.</summary>
    Udp,
}
