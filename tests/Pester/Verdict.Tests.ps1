BeforeDiscovery {
    . "$PSScriptRoot/Lab.ps1"
    if ($labReason) { Write-Host "      the tests of verdicts are skipped: $labReason" }

    # Kinds of networks, and what stands in the way there.
    $kinds = @(
        @{ Node = 'studio'; Verdict = 'SingleNat'; Reachable = $true; Box = 'the gateway 192.168.1.1' }
        @{ Node = 'server2'; Verdict = 'DirectPublic'; Reachable = $true; Box = 'this host 198.51.100.51' }
        @{ Node = 'plain'; Verdict = 'NoMapping'; Reachable = $false; Box = 'the gateway 192.168.21.1' }
        @{ Node = 'random'; Verdict = 'SymmetricNat'; Reachable = $false; Box = 'the gateway 192.168.22.1' }
        @{ Node = 'attic'; Verdict = 'DoubleNat'; Reachable = $false; Box = 'the outer gateway 192.168.1.1' }
        @{ Node = 'naive'; Verdict = 'Cgnat'; Reachable = $false; Box = "the provider's NAT 100.64.0.1" }
        @{ Node = 'mute'; Verdict = 'UdpBlocked'; Reachable = $false; Box = 'the firewall 192.168.23.1' }
        @{ Node = 'guest'; Verdict = 'CaptivePortal'; Reachable = $false; Box = 'the sign-in page 192.168.24.1' }
    )
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    . "$PSScriptRoot/Lab.ps1"
}

Describe 'Test-BtmmGateway' -Skip:([bool] $labReason) {
    BeforeAll {
        Invoke-Lab down
        Invoke-Lab up zoo
        New-BtmmAccount alice.members.example.net -Server 203.0.113.50:5353 | Export-BtmmAccount "$TestDrive/account" -Unprotected
        Set-Content "$TestDrive/serve.ps1" @"
param(`$Address)
Import-Module '$root/Btmm.psd1'
`$job = Import-BtmmAccount '$TestDrive/account' | Start-BtmmDnsServer -Address `$Address -Port 5353
Set-Content "$TestDrive/serving-`$Address" yes
while (-not (Test-Path '$TestDrive/stop')) { Start-Sleep -Milliseconds 200 }
Remove-Job `$job -Force
"@
        # Two zone services answer STUN on the lab's internet.
        $services = foreach ($place in @('server', '203.0.113.50'), @('server2', '198.51.100.51')) {
            Start-Process ip -PassThru -RedirectStandardOutput "$TestDrive/$($place[0]).out" -RedirectStandardError "$TestDrive/$($place[0]).err" -ArgumentList @(
                'netns', 'exec', "$labPrefix$($place[0])", $pwsh, '-NoProfile', '-NonInteractive', '-File', "$TestDrive/serve.ps1", '-Address', $place[1])
        }
        Wait-Until { (Test-Path "$TestDrive/serving-203.0.113.50") -and (Test-Path "$TestDrive/serving-198.51.100.51") }
        $stun = '-StunServer 203.0.113.50:5353, 198.51.100.51:5353'
    }

    AfterAll {
        Set-Content "$TestDrive/stop" yes
        $services | ForEach-Object { if (-not $_.WaitForExit(15000)) { $_.Kill() } }
        Invoke-Lab down
    }

    It 'says <Verdict> on <Node>, names the box and what to do' -ForEach $kinds {
        $lines = Invoke-InLab $Node "`$v = Test-BtmmGateway $stun; `"`$(`$v.Verdict)|`$(`$v.IsReachable)|`$(`$v.Box)|`$([bool] `$v.Remedy)|`$([bool] `$v.Evidence)|`$([int] `$v.Duration.TotalMilliseconds) ms: `$(`$v.Summary)`""
        Write-Host "      $Node`: $lines"
        "$lines" | Should -BeLike "$Verdict|$Reachable|$Box|$(-not $Reachable)|True|*"
    }

    It 'is a list of what matters, in words' {
        $text = Invoke-InLab attic "`$PSStyle.OutputRendering = 'PlainText'; Test-BtmmGateway $stun | Out-String -Width 200"
        $text = ($text -join "`n").Trim() -split "`n"
        $text[0] | Should -Match '^Verdict\s+: DoubleNat$'
        $text[1] | Should -Match '^Reachable : False$'
        $text[2] | Should -Match '^Summary\s+: Two NATs in a row: .*192\.168\.9\.1.*192\.168\.1\.60'
        ($text -match '^Box\s+: the outer gateway 192\.168\.1\.1$').Count | Should -Be 1
        ($text -match '^Remedy\s+: Switch the gateway 192\.168\.9\.1').Count | Should -Be 1
        ($text -match '^Addresses : 192\.168\.9\.104 -> 192\.168\.1\.60 -> 203\.0\.113\.10$').Count | Should -Be 1
        ($text -match '^\w*\s+:?\s+\d+ ms  (Stun|Gateway|Hop|Mapping) +\S+.*: .+').Count | Should -BeGreaterThan 5
        $text[-1] | Should -Match '^Duration\s+: \d+ ms$'
    }

    It 'has no line for a remedy when nothing is wrong' {
        "$(Invoke-InLab studio "Test-BtmmGateway $stun | Out-String -Width 200")" | Should -Not -Match 'Remedy'
    }

    It 'is a table of one line with Format-Table' {
        $text = Invoke-InLab plain "`$PSStyle.OutputRendering = 'PlainText'; Test-BtmmGateway $stun | Format-Table | Out-String -Width 200"
        $text = ($text -join "`n").Trim() -split "`n"
        $text[0].Trim() -split '\s+' | Should -Be 'Verdict', 'ms', 'Summary'
        $text[2] | Should -Match '^NoMapping\s+\d+ The gateway 192\.168\.21\.1'
        $text.Count | Should -Be 3
    }

    It 'is true or false with -Quiet' {
        Invoke-InLab studio "Test-BtmmGateway $stun -Quiet" | Should -Be 'True'
        Invoke-InLab plain "Test-BtmmGateway $stun -Quiet" | Should -Be 'False'
    }

    It 'tells how the NAT behaves' {
        Invoke-InLab plain "`$v = Test-BtmmGateway $stun; `"`$(`$v.NatMapping) `$(`$v.PublicAddress)`"" | Should -Be 'EndpointIndependent 198.51.100.61'
        Invoke-InLab random "`$v = Test-BtmmGateway $stun; `"`$(`$v.NatMapping) `$(`$v.PublicAddress)`"" | Should -Match '^Address(AndPort)?Dependent 198\.51\.100\.62$'
    }

    It 'asks the servers of an account' {
        $lines = Invoke-InLab studio "`$account = Import-BtmmAccount '$TestDrive/account'; `$v = Test-BtmmGateway -Account `$account; `"`$(`$v.PublicAddress)`"; `"`$(`$v.Evidence | Where-Object Step -eq Stun)`""
        $lines[0] | Should -Be '203.0.113.10'
        $lines[1] | Should -Match '203\.0\.113\.50:5353'
    }

    It 'works without any server, and then knows less' {
        $line = Invoke-InLab studio '$v = Test-BtmmGateway; "$($v.Verdict) $($v.PublicAddress) $($v.NatMapping)"'
        $line | Should -Be 'SingleNat  Unknown'
    }

    It 'changes nothing and asks nobody by STUN, when told so' {
        $before = "$(Invoke-Lab leases gw-home)"
        $line = Invoke-InLab studio "`$v = Test-BtmmGateway $stun -NoTrialMapping -NoStun; `"`$(`$v.Verdict)|`$(`$v.Mapping)|`$((`$v.Evidence.Step | Select-Object -Unique) -join ',')`""
        $line | Should -Match '^SingleNat\|\|'
        $line | Should -Not -Match 'Stun|Mapping'
        "$(Invoke-Lab leases gw-home)" | Should -Be $before
    }

    It 'gives its trial mapping back' {
        $before = "$(Invoke-Lab leases gw-home)"
        Invoke-InLab studio "`$v = Test-BtmmGateway $stun; `"`$(`$v.Mapping.ExternalPort -gt 0)`"" | Should -Be 'True'
        "$(Invoke-Lab leases gw-home)" | Should -Be $before
    }

    It 'leaves out a server that it cannot find, and says so' {
        $lines = Invoke-InLab studio "`$v = Test-BtmmGateway $stun, nowhere.invalid -WarningVariable warned -WarningAction SilentlyContinue; `"`$(`$v.Verdict) `$(`$warned -match 'nowhere')`""
        "$lines" | Should -Match '^SingleNat .*nowhere\.invalid.*not asked'
    }

    It 'says that a server without an IPv4 address is not asked' {
        Invoke-InLab studio '$null = Test-BtmmGateway -StunServer "[2001:db8::1]:3478" -NoTrialMapping -WarningVariable warned -WarningAction SilentlyContinue; "$warned"' |
            Should -Be 'The server [2001:db8::1]:3478 has no IPv4 address; it is not asked.'
    }

    It 'does not blame the gateway for a state directory that cannot be written' {
        $lines = Invoke-InLab studio '$env:XDG_STATE_HOME = "/proc/none"; $v = Test-BtmmGateway -WarningVariable warned -WarningAction SilentlyContinue; "$($v.Verdict) $([bool] $v.Mapping.ExternalPort) $($warned.Count)"; "$warned"; "$((Get-BtmmGateway).Reachability)"'
        $lines[0] | Should -Be 'SingleNat True 1'
        $lines[1] | Should -Match 'not noted on disk.*/proc/none'
        $lines[2] | Should -Be 'Mappable'
    }

    It 'tells each piece of evidence with -Verbose' {
        "$(Invoke-InLab studio "Test-BtmmGateway $stun -Quiet -Verbose")" | Should -Match 'Asking by STUN: 203\.0\.113\.50:5353, 198\.51\.100\.51:5353.*Route: this host'
    }

    It 'does not call a public address reachable that stands behind a firewall' {
        # This server has two addresses; those of the zone have one each, and cannot tell.
        $lines = Invoke-InLab firm '$ask = @{ StunServer = "203.0.113.3" }; $v = Test-BtmmGateway @ask; "$($v.Verdict) $($v.IsReachable) $($v.Box) $(Test-BtmmGateway @ask -Quiet)"; "$($v.Remedy)"'
        $lines[0] | Should -Be 'DirectPublic False the firewall False'
        $lines[1] | Should -BeLike 'Allow incoming UDP*in the firewall of this host (192.88.99.117) and of the gateway 192.88.99.1*'
    }

    It 'says that a network has IPv6 only' {
        Invoke-Lab exec six ip -4 route del default
        try {
            $line = Invoke-InLab six '$v = Test-BtmmGateway; "$($v.Verdict) $($v.IsReachable) $($v.Box); $($v.Summary) $($v.Remedy)"'
            $line | Should -BeLike 'Unknown False the gateway fe80::1*; This network has IPv6 only*Turn on IPv4 in the settings of the gateway fe80::1*'
        }
        finally {
            Invoke-Lab exec six ip -4 route add default via 192.168.25.1
        }
    }

    It 'says that there is no gateway, as a verdict' {
        $null = & ip netns add "${labPrefix}alone"
        try {
            $line = Invoke-InLab alone '$v = Test-BtmmGateway; "$($v.Verdict) $($v.IsReachable) $($v.Remedy)"'
            $line | Should -BeLike 'Unknown False Connect*'
        }
        finally {
            $null = & ip netns del "${labPrefix}alone"
        }
    }

    It 'ends promptly with Ctrl-C' {
        $lines = Invoke-InLab mute @"
`$shell = [powershell]::Create()
`$null = `$shell.AddScript("Import-Module '$root/Btmm.psd1'; Test-BtmmGateway $stun -Timeout 60")
`$handle = `$shell.BeginInvoke()
Start-Sleep -Milliseconds 700
"state: `$(`$shell.InvocationStateInfo.State)"
`$clock = [Diagnostics.Stopwatch]::StartNew()
`$shell.Stop()
"ms: `$([int] `$clock.Elapsed.TotalMilliseconds)"
"errors: `$(`$shell.Streams.Error.Count)"
"@
        Write-Host "      $lines"
        $lines[0] | Should -Be 'state: Running'
        [int] ($lines[1] -replace '\D') | Should -BeLessThan 5000
        $lines[2] | Should -Be 'errors: 0'
    }
}

Describe 'Test-BtmmGateway, its parameters' {
    It 'refuses <_>' -ForEach '-StunServer "host:0"', '-StunServer ""', '-Timeout -1', '-Timeout 0', '-PortalProbe $null' {
        { & ([scriptblock]::Create("Test-BtmmGateway $_")) } | Should -Throw
    }

    It 'refuses the probe <_>, which no sign-in page could answer' -ForEach 'foo', 'ftp://192.0.2.1/', 'https://192.0.2.1/' {
        Test-BtmmGateway -PortalProbe $_ -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'InvalidValue,*'
        $failed[0].ErrorDetails.RecommendedAction | Should -Match 'http://'
    }
}
