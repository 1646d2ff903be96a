using System.Management.Automation;
using System.Security;
using System.Security.Cryptography;
using Btmm.Core.Diagnostics;
using Btmm.PowerShell.Infrastructure;
using Btmm.Protocol.Dns;
using Btmm.Protocol.Dns.Tsig;

namespace Btmm.PowerShell.Commands;

/// <summary>New-BtmmTsigKey: makes a key for signed DNS updates, from a secret or with a new random one, and can add it to a zone service.</summary>
[Cmdlet(VerbsCommon.New, "BtmmTsigKey", SupportsShouldProcess = true)]
[OutputType(typeof(TsigKey))]
public sealed class NewBtmmTsigKeyCommand : ServerKeyCmdlet
{
    private const int MaxSecretLength = 1024;

    /// <summary>The name by which both sides know the key.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipelineByPropertyName = true)]
    public DnsName Name { get; set; } = DnsName.Root;

    /// <summary>The algorithm.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateSet("hmac-sha256", "hmac-sha384", "hmac-sha512", "hmac-sha224", "hmac-sha1", "hmac-md5")]
    public string Algorithm { get; set; } = "hmac-sha256";

    /// <summary>The shared secret in base64; without it, a random one is made.</summary>
    [Parameter]
    public SecureString? Secret { get; set; }

    /// <summary>Lets the broken algorithm HMAC-MD5 be used with an old server.</summary>
    [Parameter]
    public SwitchParameter AllowLegacy { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord() => ForItem(Name, () =>
    {
        if (!TsigAlgorithm.TryParse(Algorithm, out TsigAlgorithm? algorithm) || (algorithm.IsLegacy && !AllowLegacy))
            throw new BtmmException(BtmmErrorReason.InvalidValue, $"{Algorithm} is broken.", "Use hmac-sha256, or -AllowLegacy if the server knows nothing better.");
        byte[] secret = Secret is null ? RandomNumberGenerator.GetBytes(algorithm.MacLength) : SecureText.Use(Secret, Decode);
        try
        {
            Emit(new TsigKey(Name, algorithm, secret, AllowLegacy));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    });

    private static byte[] Decode(char[] base64)
    {
        Span<byte> buffer = stackalloc byte[MaxSecretLength];
        try
        {
            return Convert.TryFromBase64Chars(base64, buffer, out int length) && length > 0
                ? buffer[..length].ToArray()
                : throw new BtmmException(BtmmErrorReason.InvalidValue, "The secret is not base64 of at most 1024 bytes.", "Copy it from the server's key file, without quotes.");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(buffer);
        }
    }
}
