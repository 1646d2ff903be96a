namespace Btmm.Protocol;

/// <summary>
/// Where the protocol code gets its random bytes: injected, so that state machines can be tested with a fixed sequence.
/// In production it is the operating system's cryptographic generator. Implementations are thread-safe.
/// </summary>
public interface IRandomSource
{
    /// <summary>Fills the whole span with unpredictable bytes.</summary>
    void Fill(Span<byte> destination);
}
