using Btmm.Benchmarks;

if (args is ["tunnel", .. var rest]) return await StaticTunnel.RunAsync(rest);
if (args is ["cipher"]) return CipherSpeed.Run();
if (args is ["store", _, ..]) return await StoreSpeed.RunAsync(args[1..]);
Console.Error.WriteLine("usage: btmm-bench tunnel <tun> <mtu> <port> <local ULA> <peer ULA> <peer ip:port> [options]");
Console.Error.WriteLine("       btmm-bench cipher");
Console.Error.WriteLine("       btmm-bench store <directory> [seconds] [records]");
Console.Error.WriteLine("options: --no-tun-offload --no-udp-offload --no-batches --class-library-cipher");
return 2;
