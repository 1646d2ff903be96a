using System.ComponentModel;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Btmm.TestKit;

/// <summary>
/// Runs code in a named network namespace. Sockets opened by it belong to that namespace for as long as they live, whichever
/// thread uses them later; so does everything the code opens before its first await. Thread-safe.
/// </summary>
public static partial class NetworkNamespace
{
    private const int CloneNewNet = 0x40000000;

    /// <summary>Runs <paramref name="function"/> on a thread of its own inside the namespace and waits for it.</summary>
    /// <param name="name">The namespace's name, as <c>ip netns</c> knows it.</param>
    /// <param name="function">What to run; its exception comes out of this method unchanged.</param>
    public static T Run<T>(string name, Func<T> function)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                Enter(name);
                result = function();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        })
        {
            IsBackground = true,
            Name = $"netns {name}",
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    /// <summary>Runs <paramref name="action"/> on a thread of its own inside the namespace and waits for it.</summary>
    public static void Run(string name, Action action) => Run(name, () =>
    {
        action();
        return true;
    });

    /// <summary>
    /// Moves the calling thread into the namespace for ever. Only for threads that the caller owns and that end; a thread of
    /// the pool would carry the namespace to unrelated work.
    /// </summary>
    public static void Enter(string name)
    {
        using SafeFileHandle handle = File.OpenHandle($"/run/netns/{name}");
        if (SetNamespace(handle, CloneNewNet) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"cannot enter the network namespace {name}");
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int SetNamespace(SafeFileHandle fd, int type);
}
