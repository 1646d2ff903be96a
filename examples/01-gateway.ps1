# Can anybody reach this host from outside? Asks the gateway, changes nothing.
#Requires -Version 7.6
param(
    # How long to wait for the gateway.
    [timespan] $Timeout = '0:00:02'
)
$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/../Btmm.psd1"

$gateways = Get-BtmmGateway -Timeout $Timeout
$gateways
foreach ($gateway in $gateways | Where-Object IsDefault) {
    switch ($gateway.Reachability) {
        'Mappable' { "A port opened on $gateway is reachable from outside ($($gateway.Methods -join ', '))." }
        'Direct' { 'This host has a public address of its own: nothing needs to be opened.' }
        default { "Not reachable through $gateway ($_). $($gateway.Remedy)" }
    }
}
