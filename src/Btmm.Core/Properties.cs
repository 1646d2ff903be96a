using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Btmm.Core.Tests")]
[assembly: InternalsVisibleTo("Btmm.Fuzz.Tests")]
[assembly: InternalsVisibleTo("Btmm.Interop.Tests")]
