namespace Btmm.Protocol.Ike.Exchanges;

/// <summary>What a task says after it built a request or processed a response.</summary>
internal enum TaskStep
{
    /// <summary>The task is finished.</summary>
    Done,

    /// <summary>There is a request to send.</summary>
    NeedMore,

    /// <summary>The task failed, the IKE SA can go on.</summary>
    Failed,

    /// <summary>The response may be forged and is of no use: go on waiting for another.</summary>
    Ignored,

    /// <summary>The IKE SA must be closed; the task has recorded the reason.</summary>
    CloseSession,
}
