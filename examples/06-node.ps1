# Makes this host one of the account's and shows what happens until it is stopped. Needs root.
# On each host:  sudo pwsh examples/06-node.ps1 -Account ./alice.account -HostName studio
#Requires -Version 7.6
param(
    # The account's file, as Export-BtmmAccount writes it.
    [Parameter(Mandatory)] [string] $Account,

    # Its passphrase, unless the file was written with -Unprotected.
    [securestring] $Passphrase,

    # This host's name in the account.
    [string] $HostName = [Environment]::MachineName,

    # Where the node keeps its state.
    [string] $StateDirectory,

    # The hosts file for the names of peers; /etc/hosts unless given.
    [string] $HostsPath,

    # Ends after this time; runs until Ctrl-C unless given.
    [timespan] $Duration = [timespan]::MaxValue
)
$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/../Btmm.psd1"

$import = @{ Path = $Account }
if ($Passphrase) { $import.Passphrase = $Passphrase }
$start = @{ Account = Import-BtmmAccount @import; HostName = $HostName }
if ($StateDirectory) { $start.StateDirectory = $StateDirectory }
if ($HostsPath) { $start.HostsPath = $HostsPath }
$job = Start-BtmmTunnel @start
$until = $Duration -eq [timespan]::MaxValue ? [datetime]::MaxValue : [datetime]::Now + $Duration
try {
    while ($job.State -eq 'Running' -and [datetime]::Now -lt $until) {
        Receive-Job $job
        $null = Wait-Job $job -Timeout 1
    }
}
finally {
    Stop-BtmmTunnel -InputObject $job
    Receive-Job $job
    Remove-Job $job
}
