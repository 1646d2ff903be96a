using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Btmm.Core.Tests")]
