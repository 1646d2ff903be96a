using Xunit.Sdk;
using Xunit.v3;

// A program that one test starts holds, between fork and exec, the descriptors of all the others: an interface would
// outlive its device for that moment.
[assembly: Parallelization(Mode = ParallelMode.None)]
