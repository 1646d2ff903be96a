using Xunit.Sdk;
using Xunit.v3;

// Each test has daemons and networks of its own, but the machine's two cores are shared: side by side they would only
// disturb each other's clocks.
[assembly: Parallelization(Mode = ParallelMode.None)]
