# Can anybody reach this host from outside? Asks the gateway, changes nothing.
#Requires -Version 7.6
param(
    # How long to wait for the gateway.
    [timespan] $Timeout = '0:00:02'
)
$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/../Btmm.psd1"

$gateway = Get-BtmmGateway -Timeout $Timeout
$gateway
switch ($gateway.Reachability) {
    'Mappable' { "A port opened here is reachable at $($gateway.ExternalAddress)." }
    'Direct' { 'This host has a public address of its own: nothing needs to be opened.' }
    default { "Not reachable ($_). $($gateway.Remedy)" }
}
