using BenchmarkDotNet.Running;
using Btmm.Benchmarks;

if (args is ["tunnel", .. var rest]) return await StaticTunnel.RunAsync(rest);
if (args is ["micro", .. var filters])
{
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(filters.Length > 0 ? filters : ["--filter", "*"]);
    return 0;
}

if (args is ["llq-server"]) return await LlqSpeedServer.RunAsync();
if (args is ["llq", .. var held]) return await LlqSpeed.RunAsync(held);
if (args is ["push-server"]) return await PushSpeedServer.RunAsync();
if (args is ["push", .. var connections]) return await PushSpeed.RunAsync(connections);
if (args is ["nat", .. var ways]) return await NatSpeed.RunAsync(ways);
if (args is ["store", _, ..]) return await StoreSpeed.RunAsync(args[1..]);
Console.Error.WriteLine("usage: btmm-bench tunnel <tun> <mtu> <port> <local ULA> <peer ULA> <peer ip:port> [options]");
Console.Error.WriteLine("       btmm-bench micro [options of BenchmarkDotNet]");
Console.Error.WriteLine("       btmm-bench store <directory>|postgres [seconds] [records]");
Console.Error.WriteLine("       btmm-bench llq [held...]");
Console.Error.WriteLine("       btmm-bench push [connections...]");
Console.Error.WriteLine("       btmm-bench nat [runs] [auto|pcp|natpmp|igd] [pinhole]");
Console.Error.WriteLine("options: --no-tun-offload --no-udp-offload --no-batches --class-library-cipher");
return 2;
