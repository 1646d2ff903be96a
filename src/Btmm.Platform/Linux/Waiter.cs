using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Btmm.Platform.Linux;

/// <summary>Waits until a file descriptor is readable or somebody interrupts. One thread waits, any may interrupt.</summary>
internal sealed class Waiter : IDisposable
{
    private readonly SafeFileHandle _event;
    private readonly int _eventFile;
    private volatile bool _interrupted;

    public Waiter()
    {
        _event = FileNative.EventFile(0, FileNative.NonBlocking | FileNative.CloseOnExec);
        if (_event.IsInvalid) throw new Win32Exception(Marshal.GetLastPInvokeError());
        _eventFile = (int)_event.DangerousGetHandle();
    }

    /// <summary>Whether <see cref="Interrupt"/> was called.</summary>
    public bool IsInterrupted => _interrupted;

    /// <summary>Waits without limit; false when interrupted.</summary>
    public unsafe bool WaitReadable(int file)
    {
        FileNative.PollEntry* entries = stackalloc FileNative.PollEntry[2];
        while (!_interrupted)
        {
            entries[0] = new FileNative.PollEntry { File = file, Wanted = FileNative.PollIn };
            entries[1] = new FileNative.PollEntry { File = _eventFile, Wanted = FileNative.PollIn };
            int ready = FileNative.Poll(entries, 2, -1);
            // An error condition counts as readable: the read then tells what it is.
            if (ready > 0 && entries[0].Got != 0) return !_interrupted;
            int error = Marshal.GetLastPInvokeError();
            if (ready < 0 && error != Errno.Interrupted) throw new Win32Exception(error);
        }
        return false;
    }

    /// <summary>Ends all waiting, now and for ever.</summary>
    public unsafe void Interrupt()
    {
        _interrupted = true;
        ulong one = 1;
        // Can only fail when the counter is full, and then the waiter is awake anyway.
        if (!_event.IsClosed) _ = FileNative.Write(_eventFile, (byte*)&one, sizeof(ulong));
    }

    public void Dispose() => _event.Dispose();
}
