using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Btmm.Protocol.Tests")]
