using Btmm.Core.Diagnostics;
using Btmm.Core.Node;

namespace Btmm.Core.Tests.Node;

/// <summary>Who holds a lock, and what is not a lock that somebody holds.</summary>
public sealed class LockFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void TryTake_HeldThenReleased_FalseThenTrue()
    {
        string path = _directory.File("lock");
        Assert.True(LockFile.TryTake(path, out FileStream? first));
        Assert.False(LockFile.TryTake(path, out _));
        first.Dispose();
        Assert.True(LockFile.TryTake(path, out FileStream? second));
        second.Dispose();
    }

    [Fact]
    public void TryTake_CannotBeOpened_ThrowsAndIsNotTakenForHeld()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links are made by administrators only");
        string path = _directory.File("lock");
        File.CreateSymbolicLink(path, path); // An error of the file system, as a full disk is one.
        Assert.ThrowsAny<IOException>(() => LockFile.TryTake(path, out _));
    }

    [Fact]
    public void StateDirectory_LockCannotBeMade_IsUnusableAndNotBusy()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "links are made by administrators only");
        File.CreateSymbolicLink(_directory.File("lock"), _directory.File("lock"));
        Assert.Equal(BtmmErrorReason.StateDirectoryInvalid, Assert.Throws<BtmmException>(() => StateDirectory.Open(_directory.Path)).Reason);
    }

    [Fact]
    public void StateDirectory_InUse_IsBusy()
    {
        using StateDirectory first = StateDirectory.Open(_directory.Path);
        Assert.Equal(BtmmErrorReason.StateDirectoryBusy, Assert.Throws<BtmmException>(() => StateDirectory.Open(_directory.Path)).Reason);
    }
}
