using Xunit.Sdk;
using Xunit.v3;

// Each class has daemons and networks of its own, and mostly waits for them, so more of them run side by side than there are
// processors. What measures the machine runs by itself, in the collection of NodeCollection.
[assembly: Parallelization(Mode = ParallelMode.Collections, MaxThreads = 5)]
