namespace Btmm.Protocol.Esp;

/// <summary>
/// One key of an authenticated cipher with a 12-byte nonce and a 16-byte tag, working in place.
/// Not thread-safe. Dispose releases and clears the key.
/// </summary>
public interface IAeadCipher : IDisposable
{
    /// <summary>Encrypts <paramref name="data"/> in place and writes the 16-byte <paramref name="tag"/>.</summary>
    void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> data, Span<byte> tag);

    /// <summary>
    /// Checks the tag and decrypts <paramref name="data"/> in place. False when the tag is wrong; the data is then
    /// worthless.
    /// </summary>
    bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, Span<byte> data, ReadOnlySpan<byte> tag);
}
