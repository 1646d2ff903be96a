using System.Runtime.InteropServices;

namespace Btmm.Daemon;

/// <summary>Turns the first SIGTERM, SIGINT (Ctrl-C) or SIGHUP into a cancellation; a second one ends the process at once.</summary>
internal sealed class ShutdownSignal : IDisposable
{
    private const int ExitBySignal = 130;
    private readonly CancellationTokenSource _stop = new();
    private readonly List<PosixSignalRegistration> _registrations = [];

    internal ShutdownSignal()
    {
        foreach (PosixSignal signal in new[] { PosixSignal.SIGTERM, PosixSignal.SIGINT, PosixSignal.SIGHUP })
            _registrations.Add(PosixSignalRegistration.Create(signal, OnSignal));
    }

    internal CancellationToken Token => _stop.Token;

    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations) registration.Dispose();
        _stop.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_stop.IsCancellationRequested) Environment.Exit(ExitBySignal);
        _stop.Cancel();
    }
}
