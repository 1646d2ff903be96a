BeforeDiscovery {
    . "$PSScriptRoot/Lab.ps1"
    if ($labReason) { Write-Host "      the tests of mappings by each protocol are skipped: $labReason" }
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    . "$PSScriptRoot/Lab.ps1"

    # What a gateway's own lease file holds, as PROTO:external:address:internal.
    function Get-Lease([string] $Gateway) {
        @(Invoke-Lab leases $Gateway) | ForEach-Object { ($_ -split ':')[0..3] -join ':' }
    }
}

Describe 'Mappings by <Method>' -Skip:([bool] $labReason) -ForEach @(
    @{ Method = 'Pcp' }
    @{ Method = 'NatPmp' }
    @{ Method = 'Igd' }
) {
    BeforeAll {
        Invoke-Lab down
        Invoke-Lab up
        Invoke-Lab upnp gw-home only $Method.ToLowerInvariant()
    }

    AfterAll {
        Invoke-Lab down
    }

    It 'New-NatPmpMapping -Method <given> maps a range of ports, and the gateway has them' -ForEach @(
        @{ given = 'Auto'; first = 4600 }
        @{ given = $Method; first = 4620 }
    ) {
        $lines = Invoke-InLab studio "New-NatPmpMapping $first..$($first + 2) -Protocol Tcp, Udp -ExternalPort $(40000 + $first) -Method $given -Lifetime 600 | ForEach-Object { `"`$(`$_.Protocol) `$(`$_.InternalPort) `$(`$_.ExternalAddress):`$(`$_.ExternalPort) `$(`$_.Method) `$(`$_.Lifetime.TotalSeconds)`" }"
        $lines | Should -Be @(foreach ($port in $first..($first + 2)) { foreach ($protocol in 'Tcp', 'Udp') { "$protocol $port 203.0.113.10:$(40000 + $port) $Method 600" } })
        $leases = Get-Lease gw-home
        foreach ($port in $first..($first + 2)) { foreach ($protocol in 'TCP', 'UDP') { $leases | Should -Contain "${protocol}:$(40000 + $port):192.168.1.100:$port" } }
    }

    It 'Get-NatPmpMapping -All knows them in another session, and Remove-NatPmpMapping closes them at the gateway' {
        $other = $Method -eq 'Pcp' ? 'Igd' : 'Pcp'
        $lines = Invoke-InLab studio @"
"`$(@(Get-NatPmpMapping).Count) `$(@(Get-NatPmpMapping -All).Count) `$(@(Get-NatPmpMapping -All -Method $Method).Count) `$(@(Get-NatPmpMapping -All -Method Auto).Count) `$(@(Get-NatPmpMapping -All -Method $other).Count) `$(@(Get-NatPmpMapping 4600..4610 -All -Protocol Udp).Count)"
`$renewed = Update-NatPmpMapping 4600 -Protocol Udp -Lifetime 1200 -PassThru
"`$(`$renewed.Method) `$(`$renewed.ExternalPort) `$(`$renewed.Lifetime.TotalSeconds) `$(@(Get-NatPmpMapping).Count)"
foreach (`$name in 'Update', 'Remove') { & "`$name-NatPmpMapping" 4600 -Protocol Udp -Method $other -ErrorAction SilentlyContinue -ErrorVariable none; "`$(`$none.FullyQualifiedErrorId -replace ',.*')" }
"`$((Remove-NatPmpMapping 4600..4602 -Protocol Tcp, Udp -Method $Method, $other -PassThru).Count)"
Get-NatPmpMapping -All | Remove-NatPmpMapping
"`$(@(Get-NatPmpMapping).Count) `$(@(Get-NatPmpMapping -All).Count)"
"@
        $lines | Should -Be '0 12 12 12 0 3', "$Method 44600 1200 1", 'NameNotFound', 'NameNotFound', '6', '0 0'
        Get-Lease gw-home | Should -BeNullOrEmpty
    }

    It 'New-NatPmpMapping -ExactPort takes no other port' {
        Invoke-InLab mini "`$null = New-NatPmpMapping 4645 -Protocol Udp -ExternalPort 44640; `"`$((Get-NatPmpMapping).ExternalPort)`"" | Should -Be '44640'
        $lines = Invoke-InLab studio @'
try { New-NatPmpMapping 4640 -Protocol Udp -ExternalPort 44640 -ExactPort } catch { "$($_.FullyQualifiedErrorId) $($_.CategoryInfo.Category) $([bool] $_.ErrorDetails.RecommendedAction)" }
"$(@(Get-NatPmpMapping -All).Count)"
"$((New-NatPmpMapping 4641 -Protocol Udp -ExactPort).ExternalPort)"
'@
        $lines | Should -Be 'PortMappingConflict,Btmm.PowerShell.Commands.NewNatPmpMappingCommand ResourceExists True', '0', '4641'
        Get-Lease gw-home | Sort-Object | Should -Be 'UDP:44640:192.168.1.101:4645', 'UDP:4641:192.168.1.100:4641'
    }

    It 'Get-BtmmGateway tells that it speaks that alone' {
        Invoke-InLab studio '$g = Get-BtmmGateway; "$($g.Methods) $([bool] $g.$($g.Methods[0]).RoundTrip) $($g.Reachability)"' | Should -Be "$Method True Mappable"
    }

    It 'Test-BtmmGateway finds that it maps ports' {
        Invoke-InLab studio '$v = Test-BtmmGateway; "$($v.Verdict) $($v.Mapping.Method)"' | Should -Be "SingleNat $Method"
    }
}

Describe 'Ranges and pipelines' -Skip:([bool] $labReason) {
    BeforeAll {
        Invoke-Lab down
        Invoke-Lab up six
    }

    AfterAll {
        Invoke-Lab down
    }

    It 'ports come by value, and what they share from the command line' {
        Invoke-InLab studio '"$((8000..8003 | New-NatPmpMapping -Protocol Tcp -ExternalPort 48000).ExternalPort)"' | Should -Be '48000 48001 48002 48003'
    }

    It 'objects come by property name, ranges among them' {
        $lines = Invoke-InLab studio @'
$made = [pscustomobject]@{ Port = '8010..8011'; Protocol = 'Tcp', 'Udp'; ExternalPort = 48010; Lifetime = 300 }, [pscustomobject]@{ InternalPort = 8020; Protocol = 'Udp' } | New-NatPmpMapping
$made | ForEach-Object { "$($_.Protocol) $($_.InternalPort) $($_.ExternalPort -eq $_.InternalPort + 40000) $($_.Lifetime.TotalSeconds)" }
'@
        $lines[0..3] | Should -Be 'Tcp 8010 True 300', 'Udp 8010 True 300', 'Tcp 8011 True 300', 'Udp 8011 True 300'
        $lines[4] | Should -Match '^Udp 8020 \w+ 3600$'
    }

    It 'ranges are written <text>' -ForEach @{ text = '8030..8032' }, @{ text = '8030-8032' }, @{ text = '(8030..8032)' }, @{ text = '8032..8031, 8030' } {
        "$(Invoke-InLab studio "New-NatPmpMapping $text -Protocol Udp -WhatIf")" | Should -Match 'map UDP 8030 for 3600 s'
        @(Invoke-InLab studio "New-NatPmpMapping $text -Protocol Udp -WhatIf").Count | Should -Be 3
    }

    It '-WhatIf names every port and the protocol, and sends nothing' {
        $before = Get-Lease gw-home
        $lines = Invoke-InLab studio 'New-NatPmpMapping 8040..8041 -Protocol Tcp, Udp -ExternalPort 48040 -ExactPort -Method NatPmp -Lifetime 60 -WhatIf'
        $lines.Count | Should -Be 4
        $lines[3] | Should -Be 'What if: Performing the operation "map UDP 8041 at exactly port 48041 for 60 s by NAT-PMP" on target "router 192.168.1.1".'
        Get-Lease gw-home | Should -Be $before
    }

    It 'what was mapped before the pipeline ended early is held' {
        Invoke-InLab studio '$first = New-NatPmpMapping 8050..8059 -Protocol Udp | Select-Object -First 2; "$($first.Count) $(@(Get-NatPmpMapping).Count)"' | Should -Be '2 2'
    }

    It 'external ports beyond the last are an error, and the others are mapped' {
        $lines = Invoke-InLab studio '$made = New-NatPmpMapping 8060..8062 -Protocol Udp -ExternalPort 65534 -ErrorVariable failed -ErrorAction SilentlyContinue; "$($made.Count) $($failed.Count) $($failed[0].FullyQualifiedErrorId) $($failed[0].TargetObject)"'
        $lines | Should -Be '2 1 InvalidValue,Btmm.PowerShell.Commands.NewNatPmpMappingCommand Udp 8062'
    }

    It 'a gateway that maps nothing is not asked for every port of a range' {
        Invoke-Lab upnp gw-cafe off
        try {
            $lines = Invoke-InLab laptop '$clock = [Diagnostics.Stopwatch]::StartNew(); $null = New-NatPmpMapping 9000..9099 -Protocol Udp -Timeout 2 -ErrorVariable failed -ErrorAction SilentlyContinue -WarningVariable warned -WarningAction SilentlyContinue; "$($failed.Count) $($failed[0].CategoryInfo.Category) $warned"; "$($clock.Elapsed.TotalSeconds -lt 10)"'
            $lines[0] | Should -Match '^1 (NotImplemented|OperationTimeout) The gateway is not asked for the other 99 ports\.$'
            $lines[1] | Should -Be 'True'
        }
        finally {
            Invoke-Lab upnp gw-cafe on
        }
    }

    It 'a gateway that maps nothing is asked once for all ports of a pipeline, and each is an error' {
        $lines = Invoke-InLab studio '$clock = [Diagnostics.Stopwatch]::StartNew(); $null = 9000..9019 | New-NatPmpMapping -Protocol Udp -Gateway 192.168.1.77 -Timeout 3 -ErrorVariable failed -ErrorAction SilentlyContinue; "$($failed.Count) $($failed[19].TargetObject) $($clock.Elapsed.TotalSeconds -lt 8)"'
        $lines | Should -Be '20 Udp 9019 True'
    }

    It 'the same external port is wanted at each gateway that the pipeline brings' {
        "$(Invoke-InLab six 'Get-BtmmGateway | New-NatPmpMapping -InternalPort 4710 -Protocol Udp -ExternalPort 4711 -WhatIf')" |
            Should -Match 'map UDP 4710 at port 4711 .*192\.168\.25\.1.*map UDP 4710 at port 4711 .*fe80::1'
    }

    It 'a port given twice is mapped once' {
        @(Invoke-InLab studio 'New-NatPmpMapping 4600, 4600 -Protocol Udp, Udp -WhatIf').Count | Should -Be 1
    }

    It 'what another process or a file tells of a mapping is enough to find, renew and remove it' {
        $lines = Invoke-InLab studio @'
$made = New-NatPmpMapping 8070..8072 -Protocol Udp -Lifetime 300
$told = [Management.Automation.PSSerializer]::Deserialize([Management.Automation.PSSerializer]::Serialize($made))
"$(($told | Get-NatPmpMapping).InternalPort)"
"$(($told | Update-NatPmpMapping -Lifetime 900 -PassThru).Lifetime.TotalSeconds)"
"$(($told[0] | Remove-NatPmpMapping -PassThru).InternalPort)"
"$(('InternalPort,Protocol', '8071,Udp' | ConvertFrom-Csv | Remove-NatPmpMapping -PassThru).InternalPort)"
"$((8072 | Remove-NatPmpMapping -Protocol Udp -PassThru).InternalPort) $(@(Get-NatPmpMapping).Count)"
'@
        $lines | Should -Be '8070 8071 8072', '900 900 900', '8070', '8071', '8072 0'
    }

    It '-Gateway tells mappings of one port apart' {
        $lines = Invoke-InLab six @'
$null = Get-BtmmGateway | New-NatPmpMapping -InternalPort 4720 -Protocol Udp -Lifetime 600
"$(@(Get-NatPmpMapping 4720).Count) $((Get-NatPmpMapping -Gateway fe80::1).ExternalAddress)"
"$((Remove-NatPmpMapping 4720 -Protocol Udp -Gateway 192.168.25.1 -PassThru).Gateway)"
Remove-NatPmpMapping 4720 -Protocol Udp -Gateway 192.168.25.1 -ErrorVariable failed -ErrorAction SilentlyContinue
"$($failed[0].FullyQualifiedErrorId)"
"$((Remove-NatPmpMapping 4720 -Protocol Udp -PassThru).Gateway.AddressFamily)"
'@
        $lines | Should -Be '2 2001:db8:6::109', '192.168.25.1', 'NameNotFound,Btmm.PowerShell.Commands.RemoveNatPmpMappingCommand', 'InterNetworkV6'
    }

    It 'a link-local gateway needs no scope' {
        Invoke-InLab six '"$((New-NatPmpMapping 4730 -Protocol Udp -Gateway fe80::1 | Remove-NatPmpMapping -PassThru).InternalPort)"' | Should -Be '4730'
    }

    It 'a mapping at a gateway that is gone does not keep the one at another gateway' {
        $lines = Invoke-InLab six @'
$null = Get-BtmmGateway | New-NatPmpMapping -InternalPort 4740 -Protocol Udp -Lifetime 600
$null = & ip addr flush dev eth0 scope global
$null = & ip -6 addr add 2001:db8:6::109/64 dev eth0 nodad
$null = & ip -6 route replace default via fe80::1 dev eth0
$removed = Remove-NatPmpMapping 4740 -Protocol Udp -PassThru -Timeout 2 -ErrorVariable failed -ErrorAction SilentlyContinue
"$($removed.Gateway.AddressFamily) $($failed.Count) $($failed[0].CategoryInfo.Category)"
'@
        try {
            $lines | Should -Be 'InterNetworkV6 1 ConnectionError'
        }
        finally {
            Invoke-Lab down
            Invoke-Lab up six
        }
    }

    It 'Get-NatPmpMapping completes what it would show' {
        $complete = '@([Management.Automation.CommandCompletion]::CompleteInput($line, $line.Length, $null).CompletionMatches.ListItemText) -match "^\d+$"'
        $lines = Invoke-InLab mini @"
`$null = New-NatPmpMapping 4750 -Protocol Udp
`$shell = [powershell]::Create()
`$null = `$shell.AddScript("Import-Module '$root/Btmm.psd1'").Invoke()
foreach (`$line in 'Get-NatPmpMapping 47', 'Get-NatPmpMapping -All -InternalPort 47', 'Remove-NatPmpMapping 47') {
    `$shell.Commands.Clear()
    "`$(`$shell.AddScript('`$line = `$args[0]; $complete').AddArgument(`$line).Invoke())"
}
Get-NatPmpMapping | Remove-NatPmpMapping
"@
        $lines | Should -Be '', '4750', '4750'
    }

    It 'on a narrow screen the last columns go first' {
        $text = Invoke-InLab six '$PSStyle.OutputRendering = "PlainText"; Get-BtmmGateway | Out-String -Width 60; New-NatPmpMapping 4760 -Protocol Udp | Out-String -Width 60; Get-NatPmpMapping | Remove-NatPmpMapping'
        "$text" | Should -Match 'Gateway +Reachability +ExternalAddress'
        "$text" | Should -Match '192\.168\.25\.1 +Mappable'
        "$text" | Should -Match '4760 +198\.51\.100\.65:\d+ +\d\d:\d\d:\d\d'
    }

    It 'Ctrl-C ends a range promptly, and what was made is held' {
        $lines = Invoke-InLab studio @"
`$shell = [powershell]::Create()
`$null = `$shell.AddScript("Import-Module '$root/Btmm.psd1'; New-NatPmpMapping 10000..12000 -Protocol Udp -ExternalPort 30000")
`$made = [Management.Automation.PSDataCollection[psobject]]::new()
`$handle = `$shell.BeginInvoke([Management.Automation.PSDataCollection[psobject]]::new(), `$made)
while (`$made.Count -lt 5) { Start-Sleep -Milliseconds 5 }
`$clock = [Diagnostics.Stopwatch]::StartNew()
`$shell.Stop()
`$ms = [int] `$clock.Elapsed.TotalMilliseconds
`$shell.Commands.Clear()
`$null = `$shell.AddScript('@(Get-NatPmpMapping).Count; @(Get-NatPmpMapping -All | Where-Object InternalPort -ge 10000).Count')
`$counts = `$shell.Invoke()
"`$ms ms, `$(`$made.Count) emitted, `$(`$counts[0]) held, `$(`$counts[1]) remembered, `$(`$shell.Streams.Error.Count) errors"
`$null = `$shell.AddScript('Get-NatPmpMapping -All | Where-Object InternalPort -ge 10000 | Remove-NatPmpMapping')
`$null = `$shell.Invoke()
"@
        Write-Host "      $lines"
        $lines | Should -Match '^(\d+) ms, (\d+) emitted, (\d+) held, (\d+) remembered, 0 errors$'
        $null = "$lines" -match '^(\d+) ms, (\d+) emitted, (\d+) held, (\d+) remembered'
        [int] $Matches[1] | Should -BeLessThan 5000
        [int] $Matches[3] | Should -BeGreaterOrEqual $Matches[2]
        [int] $Matches[4] | Should -BeGreaterOrEqual $Matches[3]
        Get-Lease gw-home | Where-Object { $_ -match ':3\d{4}:' } | Should -BeNullOrEmpty
    }

    It 'a range that takes longer than a second shows how far it is' {
        $lines = Invoke-InLab studio @"
`$shell = [powershell]::Create()
`$null = `$shell.AddScript("Import-Module '$root/Btmm.psd1'; New-NatPmpMapping 12000..19999 -Protocol Udp")
`$handle = `$shell.BeginInvoke()
`$clock = [Diagnostics.Stopwatch]::StartNew()
while (-not (`$shell.Streams.Progress | Where-Object PercentComplete -ge 0) -and `$clock.Elapsed.TotalSeconds -lt 30) { Start-Sleep -Milliseconds 50 }
`$shell.Stop()
`$seen = @(`$shell.Streams.Progress | Where-Object PercentComplete -ge 0)[0]
"`$(`$seen.Activity)|`$(`$seen.StatusDescription)|`$(`$seen.PercentComplete)"
`$shell.Commands.Clear()
`$null = `$shell.AddScript('Get-NatPmpMapping -All | Where-Object InternalPort -ge 12000 | Remove-NatPmpMapping').Invoke()
"@
        $lines | Should -Match '^New-NatPmpMapping\|Udp 1\d{4} \(\d+ of 8000\)\|\d+$'
    }

    It '-Gateway completes from the routing table' {
        Invoke-InLab six '"$([Management.Automation.CommandCompletion]::CompleteInput("New-NatPmpMapping -Gateway ", 27, $null).CompletionMatches.ListItemText)"' |
            Should -Match '^192\.168\.25\.1 fe80::1%\d+$'
    }

    It 'Get-BtmmGateway lists every gateway, of both families, and marks the default ones' {
        $null = & ip -n "${labPrefix}studio" route add default via 192.168.1.77 metric 900
        try {
            $lines = Invoke-InLab studio 'Get-BtmmGateway -Timeout 2 | ForEach-Object { "$($_.Gateway) $($_.IsDefault) $($_.Methods.Count) $($_.Reachability)" }'
            $lines | Should -Be '192.168.1.1 True 3 Mappable', '192.168.1.77 False 0 NotMappable'
            Invoke-InLab studio '$g = @(Get-BtmmGateway)[0]; "$($g.Pcp) $($g.NatPmp) $($g.Igd) $($g.Igd.Detail)"' | Should -Match '^yes 203\.0\.113\.10 203\.0\.113\.10 \w.*, WANIPConnection:2$'
        }
        finally {
            $null = & ip -n "${labPrefix}studio" route del default via 192.168.1.77
        }
        $lines = Invoke-InLab six 'Get-BtmmGateway | ForEach-Object { "$($_.AddressFamily) $($_.IsDefault) $($_.LocalAddress)" }'
        $lines | Should -Be 'InterNetwork True 192.168.25.109', 'InterNetworkV6 True 2001:db8:6::109'
        $text = Invoke-InLab six '$PSStyle.OutputRendering = "PlainText"; Get-BtmmGateway | Out-String -Width 80'
        $text = ($text -join "`n").Trim() -split "`n"
        $text[0].Trim() -split '\s+' | Should -Be 'Gateway', 'Reachability', 'ExternalAddress', 'Speaks', 'Interface'
        $text[2] | Should -Match '^\* 192\.168\.25\.1\s+Mappable\s+198\.51\.100\.65\s+.*NatPmp.*eth0'
        $text[3] | Should -Match '^\* fe80::1%\d+\s+Mappable\s+Pcp\s+eth0'
    }

    It 'Get-BtmmGateway names the box between this host and a gateway that sees another address (PCP ADDRESS_MISMATCH)' {
        $ready = "$TestDrive/mismatch"
        $script = @"
. '$PSScriptRoot/FakeGateway.ps1'
`$gateway = Start-FakeGateway 0.0.0.0 { param(`$r) if (`$r[0] -eq 2) { 2, (128 + `$r[1]), 0, 12, 0, 0, 7, 8, 0, 0, 0, 9 + @(0) * (`$r.Length - 12) } }
Set-Content '$ready' yes
while (Test-Path '$ready') { Start-Sleep -Milliseconds 100 }
Stop-FakeGateway `$gateway
"@
        Set-Content "$TestDrive/mismatch.ps1" $script
        $fake = Start-Process ip -PassThru -RedirectStandardOutput "$TestDrive/fake.out" -RedirectStandardError "$TestDrive/fake.err" -ArgumentList @(
            'netns', 'exec', "${labPrefix}mini", $pwsh, '-NoProfile', '-NonInteractive', '-File', "$TestDrive/mismatch.ps1")
        $null = & ip -n "${labPrefix}studio" route add default via 192.168.1.101 metric 900
        try {
            Wait-Until { Test-Path $ready }
            Invoke-InLab studio '$g = @(Get-BtmmGateway -Timeout 2)[1]; "$($g.Gateway) $($g.Reachability) $($g.Reason) $($g.Remedy)"' |
                Should -BeLike '192.168.1.101 DoubleNat DoubleNat Put the box in between into bridge mode*'
        }
        finally {
            $null = & ip -n "${labPrefix}studio" route del default via 192.168.1.101
            Remove-Item $ready -ErrorAction Ignore
            if (-not $fake.WaitForExit(10000)) { $fake.Kill() }
        }
    }

    It 'what a job in another process mapped is removed by what it emits' {
        $lines = Invoke-InLab studio '$job = Start-Job { New-NatPmpMapping 4770 -Protocol Tcp } -InitializationScript ([scriptblock]::Create("Import-Module ''$((Get-Module Btmm).Path | Split-Path | Split-Path)/Btmm.psd1''")); "$(($job | Receive-Job -Wait | Remove-NatPmpMapping -PassThru).InternalPort) $(@(Get-NatPmpMapping -All | Where-Object InternalPort -eq 4770).Count)"'
        $lines | Should -Be '4770 0'
    }

    It 'a pinhole opens a port of an IPv6 host' {
        $lines = Invoke-InLab six @'
$gateway = Get-BtmmGateway | Where-Object AddressFamily -eq InterNetworkV6
"$($gateway.Methods) $($gateway.Reachability)"
$made = $gateway | New-NatPmpMapping -InternalPort 4700 -Protocol Udp -Lifetime 600
"$($made.Method) $($made.ExternalAddress) $($made.ExternalPort)"
"$(($made | Remove-NatPmpMapping -PassThru).InternalPort)"
'@
        $lines | Should -Be 'Pcp Mappable', 'Pcp 2001:db8:6::109 4700', '4700'
    }
}

Describe 'A gateway with quirks' {
    BeforeAll {
        . "$PSScriptRoot/FakeGateway.ps1"
    }

    It 'that has no address maps all the same, and is asked for it once, not for each port' -Skip:(-not $IsLinux) {
        $gateway = Start-FakeGateway 127.0.0.77 {
            param($request)
            if ($request[0] -ne 0) { return }
            if ($request[1] -eq 0) { return 0, 128, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0 }
            $lifetime = $request[8..11]
            0, (128 + $request[1]), 0, 0, 0, 0, 0, 9, $request[4], $request[5], $request[4], $request[5] + $lifetime
        }
        try {
            $made = New-NatPmpMapping 4500..4509 -Protocol Udp -Gateway 127.0.0.77 -Method NatPmp -Lifetime 300
            $made.Count | Should -Be 10
            $made | Where-Object ExternalAddress | Should -BeNullOrEmpty
            ($made[0] | Format-Table | Out-String -Width 80) | Should -Match 'port 4500'
            @($gateway.Asked | Where-Object { $_[1] -eq 0 }).Count | Should -BeLessOrEqual 2
        }
        finally {
            Get-NatPmpMapping -All | Remove-NatPmpMapping
            Stop-FakeGateway $gateway
        }
    }
}

Describe 'What sessions remember' {
    It 'is nothing at first' {
        Get-NatPmpMapping -All | Should -BeNullOrEmpty
    }

    It 'is said to be unusable when the file cannot be read' {
        $null = New-Item "$TestDrive/broken/btmm" -ItemType Directory -Force
        Set-Content "$TestDrive/broken/btmm/mappings.json" '{"version":99}'
        $lines = & $pwsh -NoProfile -NonInteractive -Command @"
`$env:XDG_STATE_HOME = '$TestDrive/broken'
Import-Module '$root/Btmm.psd1'
`$found = @(Get-NatPmpMapping -All -ErrorVariable failed -ErrorAction SilentlyContinue)
"`$(`$found.Count) `$(`$failed[0].FullyQualifiedErrorId) `$([bool] `$failed[0].ErrorDetails.RecommendedAction)"
"ports: `$(@([Management.Automation.CommandCompletion]::CompleteInput('Remove-NatPmpMapping -InternalPort ', 35, `$null).CompletionMatches.ListItemText) -match '^\d+$')"
"@
        $lines | Should -Be '0 StateDirectoryInvalid,Btmm.PowerShell.Commands.GetNatPmpMappingCommand True', 'ports: '
    }

    It 'that it cannot be kept is one error for a whole range' {
        $null = New-Item "$TestDrive/file" -ItemType File -Force
        $lines = & $pwsh -NoProfile -NonInteractive -Command @"
`$env:XDG_STATE_HOME = '$TestDrive/file'
Import-Module '$root/Btmm.psd1'
. '$PSScriptRoot/FakeGateway.ps1'
`$gateway = Start-FakeGateway 127.0.0.79 { 0, 128, 0, 0, 0, 0, 0, 9, 198, 51, 100, 7 }
New-NatPmpMapping 4500..4509 -Protocol Udp -Gateway 127.0.0.79 -Method NatPmp -ErrorVariable failed -ErrorAction SilentlyContinue -WarningAction SilentlyContinue
Stop-FakeGateway `$gateway
"`$(`$failed.Count) `$(`$failed[0].FullyQualifiedErrorId)"
"@
        $lines | Should -Be '1 StateDirectoryInvalid,Btmm.PowerShell.Commands.NewNatPmpMappingCommand'
    }

    It 'is never kept at a path that is not absolute' -Skip:(-not $IsLinux) {
        $null = New-Item "$TestDrive/elsewhere", "$TestDrive/home" -ItemType Directory -Force
        $lines = & $pwsh -NoProfile -NonInteractive -Command @"
Set-Location '$TestDrive/elsewhere'
[Environment]::CurrentDirectory = '$TestDrive/elsewhere'
`$env:XDG_STATE_HOME = 'state'
`$env:HOME = '$TestDrive/home'
Import-Module '$root/Btmm.psd1'
. '$PSScriptRoot/FakeGateway.ps1'
`$gateway = Start-FakeGateway 127.0.0.78 { param(`$r) if (`$r[1]) { 0, (128 + `$r[1]), 0, 0, 0, 0, 0, 9, `$r[4], `$r[5], `$r[4], `$r[5] + `$r[8..11] } else { 0, 128, 0, 0, 0, 0, 0, 9, 198, 51, 100, 7 } }
"`$((New-NatPmpMapping 4500 -Protocol Udp -Gateway 127.0.0.78 -Method NatPmp).ExternalAddress)"
Stop-FakeGateway `$gateway
"@
        $lines | Should -Be '198.51.100.7'
        "$TestDrive/elsewhere/state" | Should -Not -Exist
        "$TestDrive/home/.local/state/btmm/mappings.json" | Should -Exist
    }
}
