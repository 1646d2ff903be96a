using System.Security.Cryptography;
using Btmm.Protocol;

namespace Btmm.Core.Contracts;

/// <summary>The operating system's cryptographic random generator. Thread-safe and stateless.</summary>
public sealed class SystemRandomSource : IRandomSource
{
    /// <summary>The one instance.</summary>
    public static SystemRandomSource Instance { get; } = new();

    private SystemRandomSource()
    {
    }

    /// <inheritdoc/>
    public void Fill(Span<byte> destination) => RandomNumberGenerator.Fill(destination);
}
