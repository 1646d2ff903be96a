# Watches the account's hosts until one appears. Here the host is played by records published by hand.
#Requires -Version 7.6
$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/../Btmm.psd1"

$account = New-BtmmAccount -Domain alice.members.example.net
$server = Start-BtmmDnsServer -Account $account -Address 127.0.0.1 -Port 0
try {
    $zone = @{ Account = $account; Server = "127.0.0.1:$($server.Port)" }
    $identifier = 'fd3c:5f0e:91a2:7400:211:22ff:fe33:4455'
    $target = 'AutoTunnel-02-11-22-FF-FE-33-44-55'
    Publish-BtmmRecord @zone -Name studio -Type AAAA -Data $identifier
    Publish-BtmmRecord @zone -Name $target -Type AAAA -Data $identifier
    Publish-BtmmRecord @zone -Name $target -Type A -Data 198.41.0.10
    Publish-BtmmRecord @zone -Name $target -Type TXT -Data model=desktop
    Publish-BtmmRecord @zone -Name _autotunnel._udp.studio -Type SRV -Port 40321 -Target "$target.$($account.Domain)"
    Publish-BtmmRecord @zone -Name _autotunnel._udp -Type PTR -Data "_autotunnel._udp.studio.$($account.Domain)" -Append

    Watch-BtmmPeer @zone -Duration 0:00:20 | Where-Object Change -eq Added | Select-Object -First 1
    Get-BtmmPeer @zone
}
finally {
    $server | Remove-Job -Force
}
