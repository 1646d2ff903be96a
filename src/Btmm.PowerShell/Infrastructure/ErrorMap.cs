using System.ComponentModel;
using System.Management.Automation;
using System.Net.Sockets;
using Btmm.Core.Diagnostics;

namespace Btmm.PowerShell.Infrastructure;

/// <summary>
/// Turns the engine's failures into error records: a stable id, a category, the user's object and what to do about it.
/// </summary>
public static class ErrorMap
{
    private static readonly Dictionary<BtmmErrorReason, ErrorCategory> s_categories = new()
    {
        [BtmmErrorReason.Timeout] = ErrorCategory.OperationTimeout,
        [BtmmErrorReason.Unreachable] = ErrorCategory.ConnectionError,
        [BtmmErrorReason.NoGateway] = ErrorCategory.ObjectNotFound,
        [BtmmErrorReason.PortMappingUnsupported] = ErrorCategory.NotImplemented,
        [BtmmErrorReason.PortMappingNotAuthorized] = ErrorCategory.PermissionDenied,
        [BtmmErrorReason.PortMappingNetworkFailure] = ErrorCategory.ConnectionError,
        [BtmmErrorReason.PortMappingOutOfResources] = ErrorCategory.LimitsExceeded,
        [BtmmErrorReason.PortMappingConflict] = ErrorCategory.ResourceExists,
        [BtmmErrorReason.PortMappingElsewhere] = ErrorCategory.ObjectNotFound,
        [BtmmErrorReason.DoubleNat] = ErrorCategory.ResourceUnavailable,
        [BtmmErrorReason.MalformedReply] = ErrorCategory.ProtocolError,
        [BtmmErrorReason.NameNotFound] = ErrorCategory.ObjectNotFound,
        [BtmmErrorReason.ZoneServiceNotFound] = ErrorCategory.ObjectNotFound,
        [BtmmErrorReason.TsigBadKey] = ErrorCategory.AuthenticationError,
        [BtmmErrorReason.TsigBadSignature] = ErrorCategory.AuthenticationError,
        [BtmmErrorReason.TsigBadTime] = ErrorCategory.AuthenticationError,
        [BtmmErrorReason.TsigBadTruncation] = ErrorCategory.AuthenticationError,
        [BtmmErrorReason.Refused] = ErrorCategory.PermissionDenied,
        [BtmmErrorReason.OutOfZone] = ErrorCategory.PermissionDenied,
        [BtmmErrorReason.PrerequisiteFailed] = ErrorCategory.ResourceExists,
        [BtmmErrorReason.ServerFailure] = ErrorCategory.InvalidResult,
        [BtmmErrorReason.NotImplemented] = ErrorCategory.NotImplemented,
        [BtmmErrorReason.AuthenticationFailed] = ErrorCategory.AuthenticationError,
        [BtmmErrorReason.NoProposalChosen] = ErrorCategory.SecurityError,
        [BtmmErrorReason.PeerNotFound] = ErrorCategory.ObjectNotFound,
        [BtmmErrorReason.PeerUnreachable] = ErrorCategory.ConnectionError,
        [BtmmErrorReason.PermissionDenied] = ErrorCategory.PermissionDenied,
        [BtmmErrorReason.ResourceBusy] = ErrorCategory.ResourceBusy,
        [BtmmErrorReason.TunUnavailable] = ErrorCategory.NotInstalled,
        [BtmmErrorReason.AccountFileInvalid] = ErrorCategory.InvalidData,
        [BtmmErrorReason.InvalidValue] = ErrorCategory.InvalidArgument,
        [BtmmErrorReason.SystemChangeFailed] = ErrorCategory.DeviceError,
        [BtmmErrorReason.InternalError] = ErrorCategory.InvalidOperation,
        [BtmmErrorReason.StateDirectoryBusy] = ErrorCategory.ResourceBusy,
        [BtmmErrorReason.StateDirectoryInvalid] = ErrorCategory.WriteError,
        [BtmmErrorReason.StoreInvalid] = ErrorCategory.InvalidData,
        [BtmmErrorReason.StoreFailed] = ErrorCategory.WriteError,
        [BtmmErrorReason.CertificateInvalid] = ErrorCategory.InvalidData,
        [BtmmErrorReason.TlsUnavailable] = ErrorCategory.ConnectionError,
        [BtmmErrorReason.TlsUnknownAuthority] = ErrorCategory.SecurityError,
        [BtmmErrorReason.TlsWrongName] = ErrorCategory.SecurityError,
        [BtmmErrorReason.TlsCertificateExpired] = ErrorCategory.SecurityError,
        [BtmmErrorReason.TlsCertificateNotYetValid] = ErrorCategory.SecurityError,
        [BtmmErrorReason.AlreadyExists] = ErrorCategory.ResourceExists,
        [BtmmErrorReason.KeyFileInvalid] = ErrorCategory.SecurityError,
    };

    /// <summary>The category of a reason; <see cref="ErrorCategory.InvalidOperation"/> for one that this table does not know.</summary>
    /// <param name="reason">The engine's reason.</param>
    public static ErrorCategory Category(BtmmErrorReason reason) =>
        s_categories.GetValueOrDefault(reason, ErrorCategory.InvalidOperation);

    /// <summary>Reasons of the engine that have no category of their own here; none, or this table needs a line.</summary>
    public static IEnumerable<BtmmErrorReason> Unmapped => Enum.GetValues<BtmmErrorReason>().Where(r => !s_categories.ContainsKey(r));

    /// <summary>Whether an exception is a failure of the outside world, to be shown as an error record, and not a defect.</summary>
    /// <param name="exception">The exception.</param>
    public static bool IsExpected(Exception exception) =>
        exception is BtmmException or Win32Exception or IOException or UnauthorizedAccessException or TimeoutException;

    /// <summary>Makes the error record for an expected failure.</summary>
    /// <param name="exception">The failure.</param>
    /// <param name="target">The user's object that it is about.</param>
    public static ErrorRecord ToErrorRecord(Exception exception, object? target)
    {
        ArgumentNullException.ThrowIfNull(exception);
        (string id, ErrorCategory category, string? remedy) = exception switch
        {
            BtmmException b => (b.Reason.ToString(), Category(b.Reason), b.Remedy),
            TimeoutException => ("Timeout", ErrorCategory.OperationTimeout, "Check that the remote side is running and reachable, then try again."),
            SocketException s => FromSocket(s),
            Win32Exception => ("SystemCallFailed", ErrorCategory.DeviceError, "Check this user's rights, or run as root."),
            UnauthorizedAccessException => ("PermissionDenied", ErrorCategory.PermissionDenied, "Check the rights on the file, or run as root."),
            FileNotFoundException or DirectoryNotFoundException => ("PathNotFound", ErrorCategory.ObjectNotFound, "Check the path."),
            IOException => ("FileError", ErrorCategory.WriteError, "Check the path and the space on the disk."),
            _ => ("Defect", ErrorCategory.InvalidOperation, null),
        };
        return new ErrorRecord(exception, id, category, target)
        {
            ErrorDetails = new ErrorDetails(exception.Message) { RecommendedAction = remedy ?? string.Empty },
        };
    }

    private static (string Id, ErrorCategory Category, string? Remedy) FromSocket(SocketException exception) =>
        exception.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse =>
                ("ResourceBusy", ErrorCategory.ResourceBusy, "Choose another port, or stop the program that uses this one."),
            SocketError.AccessDenied =>
                ("PermissionDenied", ErrorCategory.PermissionDenied, "Run as root, or choose a port above 1023."),
            SocketError.AddressNotAvailable =>
                ("AddressNotLocal", ErrorCategory.InvalidArgument, "Give an address of this host."),
            SocketError.HostNotFound =>
                ("NameNotFound", ErrorCategory.ObjectNotFound, "Check the server's name."),
            _ => ("Unreachable", ErrorCategory.ConnectionError, "Check the network and the server's address and port."),
        };
}
