using System.Net;
using System.Text;
using Btmm.Core.Diagnostics;
using Btmm.Protocol;
using Btmm.Protocol.Identity;

namespace Btmm.Core.SignOn;

/// <summary>
/// Keeps the host's identifier in a runtime file together with the id of the boot: unchanged while the machine is on, so that
/// TCP connections outlive a restart of the node, and made anew after the machine was off. Not thread-safe.
/// </summary>
public sealed class HostIdentifierStore
{
    private const int MaxFileLength = 512;

    private readonly string _path;
    private readonly string _bootId;
    private readonly IRandomSource _random;

    /// <summary>Makes a store over one file.</summary>
    /// <param name="path">The runtime file; its directory is made when missing.</param>
    /// <param name="bootId">What names this boot of the machine (on Linux the content of /proc/sys/kernel/random/boot_id).</param>
    /// <param name="random">Source of the identifier's random bits.</param>
    public HostIdentifierStore(string path, string bootId, IRandomSource random)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrWhiteSpace(bootId);
        ArgumentNullException.ThrowIfNull(random);
        _path = path;
        _bootId = bootId.Trim();
        _random = random;
    }

    /// <summary>
    /// The identifier of this boot for a host with this EUI-64: the kept one, or a new one (then kept) when there is none,
    /// it is of an earlier boot, was made for another EUI-64, or the file is damaged.
    /// </summary>
    /// <exception cref="BtmmException">PermissionDenied: the file cannot be read or written.</exception>
    public async Task<HostIdentifier> GetOrCreateAsync(Eui64 eui64, CancellationToken cancellationToken)
    {
        try
        {
            if (await TryReadAsync(cancellationToken).ConfigureAwait(false) is { } kept && kept.Eui64 == eui64)
                return kept;

            HostIdentifier created = HostIdentifier.Create(eui64, _random);
            if (Path.GetDirectoryName(Path.GetFullPath(_path)) is { } directory)
                Directory.CreateDirectory(directory);
            byte[] content = Encoding.ASCII.GetBytes($"{_bootId}\n{created}\n");
            await PrivateFile.ReplaceAsync(_path, content, cancellationToken).ConfigureAwait(false);
            return created;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(error);
        }
    }

    /// <summary>The identifier made since the last boot, whatever interface it was made of; null when there is none.</summary>
    /// <exception cref="BtmmException">PermissionDenied: the file cannot be read.</exception>
    public async Task<HostIdentifier?> TryGetAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await TryReadAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Unusable(error);
        }
    }

    private async Task<HostIdentifier?> TryReadAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(_path))
            return null;
        byte[]? content = await PrivateFile.ReadAsync(_path, MaxFileLength, cancellationToken).ConfigureAwait(false);
        if (content is null)
            return null;

        string[] lines = Encoding.ASCII.GetString(content).Split('\n');
        bool current = lines.Length >= 2 && string.Equals(lines[0].Trim(), _bootId, StringComparison.Ordinal);
        return current && IPAddress.TryParse(lines[1].Trim(), out IPAddress? address) && HostIdentifier.TryFromAddress(address, out HostIdentifier? identifier)
            ? identifier
            : null;
    }

    private BtmmException Unusable(Exception error) => new(
        BtmmErrorReason.PermissionDenied,
        $"The runtime file {_path} cannot be used: {error.Message}",
        "Run as a user who may write there, or choose another runtime directory.",
        error);
}
