using Btmm.Core.Diagnostics;
using Btmm.Protocol.Dns;

namespace Btmm.Server.Administration;

/// <summary>What an operator is told when a change of zones or keys is not possible. Holds no state.</summary>
internal static class RegistryErrors
{
    internal static BtmmException OfAccount(string what) => new(
        BtmmErrorReason.InvalidValue, $"The {what} is that of an account that the service was started with.", "Change the accounts that it is started with.");

    internal static BtmmException Exists(string what) => new(
        BtmmErrorReason.AlreadyExists, $"The {what} is there already.", "Choose another name, or replace it with -Force.");

    internal static BtmmException NoZone(DnsName apex) => new(
        BtmmErrorReason.NameNotFound, $"There is no zone {apex}.", "Get-BtmmZone shows the zones; add it with New-BtmmZone.");

    internal static BtmmException NoKey(DnsName name) => new(
        BtmmErrorReason.NameNotFound, $"There is no key {name}.", "Get-BtmmTsigKey shows the keys.");

    internal static BtmmException Unusable(string problem) => new(BtmmErrorReason.InvalidValue, problem, "Correct the value.");

    internal static BtmmException SameName(DnsName key) => new(
        BtmmErrorReason.InvalidValue, $"The store's catalog holds a key {key} that differs from the account's.", "Start the service without that account and remove the key from the catalog.");

    internal static BtmmException Unwritten(IOException error) => new(
        BtmmErrorReason.StoreFailed, $"The store cannot be written: {error.Message}", "Check that its disk has room and works.", error);
}
