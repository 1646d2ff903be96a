using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Btmm.Daemon.Tests")]
