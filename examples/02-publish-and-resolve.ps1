# A zone of one's own in ten lines: serve it, publish a record, find it, renew it, take it away.
#Requires -Version 7.6
$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/../Btmm.psd1"

$account = New-BtmmAccount -Domain alice.members.example.net
$server = Start-BtmmDnsServer -Account $account -Address 127.0.0.1 -Port 0 -Name zone
try {
    $zone = @{ Account = $account; Server = "127.0.0.1:$($server.Port)" }
    $record = Publish-BtmmRecord @zone -Name printer -Type AAAA -Data fd00::17 -LeaseTime 1:00:00 -PassThru
    Resolve-BtmmName @zone printer.alice.members.example.net AAAA
    $record | Update-BtmmRecord @zone -LeaseTime 2:00:00 -PassThru
    $record | Unpublish-BtmmRecord @zone
    "The zone's own view: $(@(Get-BtmmRecord @zone -Name printer -ErrorAction Ignore).Count) records left."
}
finally {
    $server | Remove-Job -Force
}
