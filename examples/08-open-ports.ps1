# A game server's evening: why can nobody reach me, and a range of ports on the gateway until the script ends.
#Requires -Version 7.6
param(
    # The ports on this host; the same ports are wanted outside.
    [int[]] $Port = 27015..27017,

    # STUN servers, which tell how this host looks from outside.
    [string[]] $StunServer = @(),

    # How long to keep the ports open.
    [timespan] $Duration = '0:00:02'
)
$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/../Btmm.psd1"

$stun = $StunServer ? @{ StunServer = $StunServer } : @{}
$verdict = Test-BtmmGateway @stun
$verdict
if (-not $verdict.IsReachable) {
    Write-Warning "Nobody outside can reach this host. $($verdict.Remedy)"
    return
}

# What an earlier run that was killed has left is taken away first.
Get-NatPmpMapping $Port -All | Remove-NatPmpMapping
try {
    # Ten minutes at a time, renewed at half: should this script be killed, the gateway closes the ports by itself.
    $lifetime = [timespan] '0:10:00'
    New-NatPmpMapping $Port -Protocol Tcp, Udp -ExternalPort $Port[0] -Lifetime $lifetime
    $until = [datetime]::UtcNow + $Duration
    while ([datetime]::UtcNow -lt $until) {
        Start-Sleep -Milliseconds 500
        Get-NatPmpMapping $Port | Where-Object ExpiresIn -lt ($lifetime / 2) | Update-NatPmpMapping
    }
}
finally {
    Get-NatPmpMapping $Port | Remove-NatPmpMapping
}
