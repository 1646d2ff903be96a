# Runs a durable zone service on this machine, adds a member's zone and key to it while it runs, and carries the zone as a file.
# No root:  pwsh examples/07-zone-service.ps1 -Directory ./zones
#Requires -Version 7.6
param(
    # Where the records, and the key that seals the secrets among them, are kept.
    [Parameter(Mandatory)] [string] $Directory,

    # The UDP and TCP port; any free one unless given.
    [int] $Port = 0
)
$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/../Btmm.psd1"

$zone = 'bob.members.example.net'
$null = New-Item $Directory -ItemType Directory -Force
$job = Start-BtmmDnsServer -Store "$Directory/zones.db" -Address 127.0.0.1 -Port $Port
try {
    if (-not (Get-BtmmZone $zone -ErrorAction Ignore)) { $null = New-BtmmZone $zone -MaxRecords 500 -UpdatesPerMinute 600 }
    $key = New-BtmmTsigKey bob-key -Grant $zone -Force
    $server = "127.0.0.1:$($job.Port)"
    Publish-BtmmRecord -Zone $zone -TsigKey $key -Server $server nas AAAA fd00::20 -PassThru
    Export-BtmmZone $zone "$Directory/bob.zone" -Force
    Import-BtmmZone $zone "$Directory/bob.zone"
    Get-BtmmDnsServer
}
finally {
    Stop-BtmmDnsServer -InputObject $job
    Remove-Job $job
}
