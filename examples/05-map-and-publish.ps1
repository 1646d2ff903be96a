# The network engineer's way: a port opened on the gateway goes straight into a zone, and both are taken back.
# Needs a gateway that maps ports (PCP, NAT-PMP or UPnP IGD).
#Requires -Version 7.6
param(
    # The UDP port on this host.
    [int] $Port = 40321,

    # The zone service; one is started on loopback unless given.
    [string] $Server
)
$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/../Btmm.psd1"

$account = New-BtmmAccount -Domain alice.members.example.net
$job = if (-not $Server) { Start-BtmmDnsServer -Account $account -Address 127.0.0.1 -Port 0 }
$zone = @{ Account = $account; Server = $Server ? $Server : "127.0.0.1:$($job.Port)" }
try {
    New-NatPmpMapping -Protocol Udp -InternalPort $Port -Lifetime 600 |
        Publish-BtmmRecord @zone -Name mac -Type SRV -PassThru
    Get-NatPmpMapping | Publish-BtmmRecord @zone -Name mac -Type A -PassThru
}
finally {
    Get-NatPmpMapping | Remove-NatPmpMapping -PassThru
    if ($job) { $job | Remove-Job -Force }
}
