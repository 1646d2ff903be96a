using System.Globalization;
using Btmm.Core.Diagnostics;
using Btmm.Core.NatTraversal;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>Requests for ports as users state them.</summary>
internal static class PortRequest
{
    private const int MaxPort = 65535;

    /// <summary>Checks what the parameters' own checks cannot see.</summary>
    /// <exception cref="BtmmException">InvalidValue.</exception>
    public static PortMappingRequest Checked(PortMappingRequest request)
    {
        if (request.Lifetime.TotalSeconds < 1)
            throw new BtmmException(BtmmErrorReason.InvalidValue, "A lifetime must be at least a second.", "To end a mapping, use Remove-NatPmpMapping.");
        if (request.Lifetime.TotalSeconds > uint.MaxValue)
            throw new BtmmException(BtmmErrorReason.InvalidValue, $"No protocol can ask for a lifetime of more than {uint.MaxValue} seconds, which is 136 years.", "Give a shorter -Lifetime.");
        if (request.SuggestedExternalPort > MaxPort)
            throw new BtmmException(BtmmErrorReason.InvalidValue, $"The external ports would go beyond {MaxPort}.", "Give a lower -ExternalPort, or fewer ports.");
        return request;
    }

    /// <summary>The protocol that the parameter -Method names; null for Auto.</summary>
    public static PortMappingMethod? MethodOf(string name) => Enum.TryParse(name, ignoreCase: true, out PortMappingMethod method) ? method : null;

    /// <summary>The protocols that the parameter -Method names; none for Auto, which stands for all.</summary>
    public static IReadOnlyList<PortMappingMethod> MethodsOf(IEnumerable<string> names)
    {
        PortMappingMethod?[] methods = [.. names.Select(MethodOf)];
        return methods.Contains(null) ? [] : [.. methods.OfType<PortMappingMethod>().Distinct()];
    }

    /// <summary>A request in a few words.</summary>
    public static string Describe(PortMappingRequest request, PortMappingMethod? method)
    {
        string exactly = request.PreferFailure ? "exactly " : string.Empty;
        string at = request.SuggestedExternalPort == 0 ? string.Empty : string.Create(CultureInfo.InvariantCulture, $" at {exactly}port {request.SuggestedExternalPort}");
        string by = method is null ? string.Empty : $" by {PortMappingNames.Of(method.Value)}";
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Describe(request.Protocol, request.InternalPort)}{at} for {request.Lifetime.TotalSeconds:0} s{by}");
    }

    /// <summary>A port in a few characters.</summary>
    public static string Describe(PortMappingProtocol protocol, int port) =>
        string.Create(CultureInfo.InvariantCulture, $"{protocol.ToString().ToUpperInvariant()} {port}");
}
