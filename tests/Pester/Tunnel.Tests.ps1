BeforeDiscovery {
    . "$PSScriptRoot/Lab.ps1"
    if ($labReason) { Write-Host "      the tests of tunnels between two hosts are skipped: $labReason" }
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    . "$PSScriptRoot/Lab.ps1"
}

Describe 'Two hosts behind two gateways' -Skip:([bool] $labReason) {
    BeforeAll {
        $work = (New-Item (Join-Path ([IO.Path]::GetTempPath()) "btmm-pester-$PID") -ItemType Directory).FullName
        $running = [Collections.Generic.List[Diagnostics.Process]]::new()

        # Runs pwsh in a node of the lab beside the tests; its output goes to a file.
        function Start-InLab([string] $Node, [string[]] $Arguments) {
            $process = Start-Process ip -PassThru -ArgumentList (@('netns', 'exec', "$labPrefix$Node", $pwsh, '-NoProfile', '-NonInteractive') + $Arguments) -RedirectStandardOutput "$work/$Node.out" -RedirectStandardError "$work/$Node.err"
            $running.Add($process)
        }

        Invoke-Lab down
        Invoke-Lab up
        New-BtmmAccount alice.members.example.net -Server 203.0.113.50:5353 | Export-BtmmAccount "$work/account" -Unprotected
        Set-Content "$work/server.ps1" @"
Import-Module '$root/Btmm.psd1'
`$job = Import-BtmmAccount '$work/account' | Start-BtmmDnsServer -Address 203.0.113.50 -Port 5353
Set-Content '$work/serving' yes
while (-not (Test-Path '$work/stop')) { Start-Sleep -Milliseconds 200 }
Remove-Job `$job -Force
"@
        Start-InLab server '-File', "$work/server.ps1"
        Start-InLab laptop '-File', "$root/examples/06-node.ps1", '-Account', "$work/account", '-HostName', 'laptop', '-StateDirectory', "$work/laptop-state", '-HostsPath', "$work/laptop-hosts", '-Duration', '0:10:00'

        # One session on the other host walks through everything and hands back what it saw.
        Set-Content "$work/studio.ps1" @"
`$ErrorActionPreference = 'Stop'
Import-Module '$root/Btmm.psd1'
function Wait-Until([scriptblock] `$Condition, [int] `$Seconds = 60) {
    `$until = [datetime]::UtcNow.AddSeconds(`$Seconds)
    while (-not (& `$Condition)) { if ([datetime]::UtcNow -gt `$until) { throw "not within `$Seconds s: `$Condition" }; Start-Sleep -Milliseconds 100 }
}
`$seen = [ordered]@{}
`$account = Import-BtmmAccount '$work/account'
`$start = @{ Account = `$account; HostName = 'studio'; StateDirectory = '$work/studio-state'; HostsPath = '$work/studio-hosts' }
Start-BtmmTunnel @start -WhatIf 6> `$null
`$seen.whatIfLeftNothing = -not (Test-Path '$work/studio-state') -and -not (Get-Job)
Wait-Until { Test-Path '$work/serving' }
`$before = @(Test-BtmmTunnel -Account `$account)
`$seen.testBefore = "`$(`$before | ForEach-Object { "`$(`$_.Name)=`$(`$_.Result)" })"
`$job = Start-BtmmTunnel @start -Name home
`$seen.job = "`$(`$job.State) `$(`$job.PSJobTypeName) `$(`$job.Location) `$((Get-Job home).Id -eq `$job.Id)"
Wait-Until { (Get-BtmmTunnel).State -eq 'Up' }
`$tunnel = Get-BtmmTunnel lap*
`$seen.tunnel = "`$(`$tunnel.Peer) `$(`$tunnel.FullName) `$(`$tunnel.State) `$(`$tunnel.Endpoint.Address) `$(`$tunnel.JobName)"
`$seen.table = (`$tunnel | Format-Table | Out-String -Width 120).Trim()
Wait-Until { `$job.GetNodeStatus().Publication.Kind -eq 'Published' }
Wait-Until { `$job.GatewayVerdict }
`$seen.verdict = "`$(`$job.GatewayVerdict.Verdict) `$((Get-BtmmTunnel laptop).GatewayVerdict.Box)"
`$seen.list = (Get-BtmmTunnel laptop | Format-List | Out-String -Width 200)
`$checks = @(Test-BtmmTunnel)
`$seen.test = "`$(`$checks | ForEach-Object { "`$(`$_.Name)=`$(`$_.Result)" })"
`$seen.evidence = "`$(`$checks.Evidence)"
`$seen.quiet = "`$(Test-BtmmTunnel laptop -Quiet) `$(Test-BtmmTunnel attic -Quiet)"
`$seen.peers = "`$((Get-BtmmPeer).Name)"
`$seen.hosts = "`$(Get-Content '$work/studio-hosts')"
`$seen.bytes = (Get-BtmmTunnel laptop).BytesIn -gt 0
`$seen.status = `$job.StatusMessage
`$seen.output = "`$((Receive-Job `$job -Keep).State)"
`$seen.outputType = (Receive-Job `$job -Keep)[0].GetType().Name
try { Start-BtmmTunnel @start } catch { `$seen.twice = "`$(`$_.FullyQualifiedErrorId) `$(`$_.CategoryInfo.Category)" }
try { Get-BtmmTunnel attic } catch { `$seen.noPeer = `$_.FullyQualifiedErrorId }
try { Stop-BtmmTunnel nothing } catch { `$seen.noJob = `$_.FullyQualifiedErrorId }
try { 'text' | Stop-BtmmTunnel } catch { `$seen.noTunnel = `$_.FullyQualifiedErrorId }
`$seen.completion = "`$([Management.Automation.CommandCompletion]::CompleteInput('Get-BtmmTunnel l', 16, `$null).CompletionMatches.CompletionText) `$([Management.Automation.CommandCompletion]::CompleteInput('Stop-BtmmTunnel h', 17, `$null).CompletionMatches.CompletionText)"
Stop-BtmmTunnel home -WhatIf 6> `$null
`$seen.whatIfStopped = "`$(`$job.State)"
`$closed = Get-BtmmTunnel laptop | Stop-BtmmTunnel -PassThru
`$seen.closed = "`$(`$closed.Peer)"
Wait-Until { "`$((Receive-Job `$job -Keep).State)" -match 'TunnelDown' }
`$null = Test-Connection -TargetName `$tunnel.Address -Count 2 -TimeoutSeconds 5
Wait-Until { (Get-BtmmTunnel laptop).State -eq 'Up' }
`$seen.back = `$true
`$clock = [Diagnostics.Stopwatch]::StartNew()
`$stopped = Stop-BtmmTunnel home -PassThru
`$seen.stopSeconds = `$clock.Elapsed.TotalSeconds
`$seen.stopped = "`$(`$stopped.State) `$(`$stopped.HasMoreData)"
`$seen.lastOutput = "`$((Receive-Job `$job).State)"
`$seen.interfaces = "`$((Get-ChildItem /sys/class/net).Name)"
`$seen.peersAfter = "`$((Get-BtmmPeer -Account `$account).Name)"
`$seen.hostsAfter = "`$(Get-Content '$work/studio-hosts' | Where-Object { `$_ -match 'laptop' })"
Remove-Job home
`$again = Start-BtmmTunnel @start -Method Igd, Igd
Wait-Until { (Get-BtmmTunnel).State -eq 'Up' }
Wait-Until { `$again.GetNodeStatus().Endpoint.Endpoint }
`$seen.method = "`$((Get-Content '$work/studio-state/mappings.json' | ConvertFrom-Json).mappings.method)"
Remove-Job `$again -Force
`$seen.interfacesAfterRemove = "`$((Get-ChildItem /sys/class/net).Name)"
`$third = Start-BtmmTunnel @start -Endpoint 203.0.113.99:4500 -StunServer 203.0.113.3, 203.0.113.3:3479
Wait-Until { `$third.GetNodeStatus().Publication.Endpoint }
Wait-Until { `$third.GatewayVerdict }
`$seen.asked = "`$((`$third.GatewayVerdict.Evidence | Where-Object Answer -like 'sees*').Who)"
`$seen.stated = "`$(`$third.GetNodeStatus().Publication.Endpoint) `$(@(`$third.GetNodeStatus().Endpoint.Candidates)[0].Kind)"
Remove-Module Btmm
`$seen.removedModule = "`$(`$third.State) `$((Get-ChildItem /sys/class/net).Name)"
`$seen | ConvertTo-Json -Compress
"@
        $lines = & ip netns exec "${labPrefix}studio" $pwsh -NoProfile -NonInteractive -File "$work/studio.ps1" 2>&1 | ForEach-Object { "$_" }
        $json = $lines | Where-Object { $_ -like '{*' } | Select-Object -Last 1
        if (-not $json) { throw "the session on studio ended early: $($lines -join "`n") --- laptop: $(Get-Content "$work/laptop.out", "$work/laptop.err") --- server: $(Get-Content "$work/server.err")" }
        $seen = $json | ConvertFrom-Json
    }

    AfterAll {
        Set-Content "$work/stop" ''
        foreach ($process in $running) {
            # SIGTERM gives the node the time to withdraw what it published.
            if (-not $process.HasExited) { & kill -TERM $process.Id 2> $null }
            if (-not $process.WaitForExit(15000)) { $process.Kill($true) }
        }
        Invoke-Lab down
        Remove-Item $work -Recurse -Force
    }

    It 'Start-BtmmTunnel -WhatIf leaves nothing' {
        $seen.whatIfLeftNothing | Should -BeTrue
    }

    It 'Start-BtmmTunnel returns a running job' {
        $seen.job | Should -Be 'Running BtmmTunnel studio.alice.members.example.net True'
    }

    It 'Start-BtmmTunnel -Method maps by that protocol' {
        $seen.method | Should -Be 'Igd'
    }

    It 'Start-BtmmTunnel -Endpoint publishes what it is told' {
        $seen.stated | Should -Be '203.0.113.99:4500 Stated'
    }

    It 'Start-BtmmTunnel -StunServer asks those servers too' {
        $seen.asked | Should -Match '203\.0\.113\.3:3478'
        $seen.asked | Should -Match '203\.0\.113\.3:3479'
        $seen.asked | Should -Match '203\.0\.113\.50:5353'
    }

    It 'the tunnel comes up and Get-BtmmTunnel shows it' {
        $seen.tunnel | Should -Be 'laptop laptop.alice.members.example.net Up 198.51.100.20 home'
        $text = $seen.table -split "`n"
        $text[0].Trim() -split '\s+' | Should -Be 'Peer', 'State', 'For', 'BytesIn', 'BytesOut', 'Endpoint'
        $text[2] | Should -Match '^laptop\s+Up\s+0:\d\d:\d\d\s+\d+\s+\d+\s+198\.51\.100\.20:\d+'
    }

    It 'the node knows what stands between it and the internet' {
        $seen.verdict | Should -Be 'SingleNat the gateway 192.168.1.1'
        $seen.list | Should -Match 'GatewayVerdict : SingleNat: One NAT at 203\.0\.113\.10'
    }

    It 'Test-BtmmTunnel passes each stage, with evidence' {
        $seen.test | Should -Be 'Rights=Passed Gateway=Passed ZoneService=Passed Mapping=Passed Records=Passed Peers=Passed Tunnel laptop=Passed Echo laptop=Passed'
        $seen.evidence | Should -Match '203\.0\.113\.10'
        $seen.evidence | Should -Match 'packets of 1280 bytes pass'
        $seen.quiet | Should -Be 'True False'
    }

    It 'Test-BtmmTunnel checks what needs no node before a first start' {
        $seen.testBefore | Should -Match '^Rights=Passed Gateway=Passed ZoneService=Passed Mapping=Skipped Records=Skipped Peers=\w+ Tunnels=Skipped$'
    }

    It 'peers are known by name, in the zone and in the hosts file' {
        $seen.peers | Should -Be 'laptop studio'
        $seen.hosts | Should -Match 'laptop\.alice\.members\.example\.net'
        $seen.bytes | Should -BeTrue
    }

    It 'Receive-Job tells the state changes, and the job its state' {
        $seen.outputType | Should -Be 'BtmmStateChange'
        foreach ($state in 'Started', 'MappingReady', 'Published', 'PeerSeen', 'TunnelUp') { $seen.output | Should -Match $state }
        $seen.status | Should -Match '^203\.0\.113\.10:\d+; 1 of 1 tunnels up$'
    }

    It 'a second node on the same state is StateDirectoryBusy' {
        $seen.twice | Should -Be 'StateDirectoryBusy,Btmm.PowerShell.Commands.StartBtmmTunnelCommand ResourceBusy'
    }

    It 'names that are not there are errors of their own' {
        $seen.noPeer | Should -Be 'PeerNotFound,Btmm.PowerShell.Commands.GetBtmmTunnelCommand'
        $seen.noJob | Should -Be 'NameNotFound,Btmm.PowerShell.Commands.StopBtmmTunnelCommand'
        $seen.noTunnel | Should -Be 'InvalidValue,Btmm.PowerShell.Commands.StopBtmmTunnelCommand'
    }

    It 'tab completion knows peers and jobs' {
        $seen.completion | Should -Be 'laptop home'
    }

    It 'Get-BtmmTunnel | Stop-BtmmTunnel closes one tunnel, and traffic brings it back' {
        $seen.closed | Should -Be 'laptop'
        $seen.back | Should -BeTrue
    }

    It 'Stop-BtmmTunnel takes no more than a few seconds and leaves nothing' {
        $seen.whatIfStopped | Should -Be 'Running'
        $seen.stopSeconds | Should -BeLessThan 10
        $seen.stopped | Should -Be 'Stopped True'
        $seen.lastOutput | Should -Match 'Withdrawn.*Stopped'
        $seen.interfaces | Should -Be 'eth0 lo'
        $seen.peersAfter | Should -Be 'laptop'
        $seen.hostsAfter | Should -BeNullOrEmpty
    }

    It 'Remove-Job -Force and Remove-Module leave nothing either' {
        $seen.interfacesAfterRemove | Should -Be 'eth0 lo'
        $seen.removedModule | Should -Be 'Stopped eth0 lo'
    }

    It 'a session that just ends takes its node down with it' {
        $lines = Invoke-InLab mini @"
`$job = Import-BtmmAccount '$work/account' | Start-BtmmTunnel mini -StateDirectory '$work/mini-state' -HostsPath '$work/mini-hosts'
`$until = [datetime]::UtcNow.AddSeconds(30)
while (`$job.GetNodeStatus().Publication.Kind -ne 'Published' -and [datetime]::UtcNow -lt `$until) { Start-Sleep -Milliseconds 100 }
"`$(`$job.GetNodeStatus().Publication.Kind)"
"@
        $lines | Should -Be 'Published'
        Invoke-InLab mini "(Get-BtmmPeer -Account (Import-BtmmAccount '$work/account')).Name; (Get-ChildItem /sys/class/net).Name" | Should -Be 'laptop', 'eth0', 'lo'
        "$(Invoke-Lab leases gw-home)" | Should -Not -Match '192\.168\.1\.101'
    }

    It 'without the right to make an interface it is PermissionDenied' -Skip:(-not (Get-Command setpriv -ErrorAction Ignore)) {
        $line = & setpriv --bounding-set -net_admin --inh-caps -net_admin -- $pwsh -NoProfile -NonInteractive -Command "Import-Module '$root/Btmm.psd1'; try { New-BtmmAccount x.example.net -Server 127.0.0.1 | Start-BtmmTunnel x -StateDirectory '$work/x-state' -NoHosts -ErrorAction Stop } catch { `"`$(`$_.FullyQualifiedErrorId) `$(`$_.CategoryInfo.Category) `$([bool]`$_.ErrorDetails.RecommendedAction)`" }"
        $line | Should -Be 'PermissionDenied,Btmm.PowerShell.Commands.StartBtmmTunnelCommand PermissionDenied True'
    }
}

Describe 'Tunnels without a node' {
    It 'Get-BtmmTunnel shows nothing in a new session' {
        & $pwsh -NoProfile -NonInteractive -Command "Import-Module '$root/Btmm.psd1'; @(Get-BtmmTunnel).Count" | Should -Be 0
    }

    It 'Start-BtmmTunnel refuses a lease of <_>, as btmmd does' -ForEach 5, '0:29:59', '2:00:01' {
        New-BtmmAccount x.example.net | Start-BtmmTunnel x -LeaseTime $_ -WhatIf -ErrorVariable failed -ErrorAction SilentlyContinue
        "$($failed[0].FullyQualifiedErrorId) $($failed[0])" | Should -Match '^InvalidValue,.*30 minutes'
    }

    It 'Start-BtmmTunnel -Method is one that btmmd knows too' {
        (Get-Command Start-BtmmTunnel).Parameters.Method.Attributes.ValidValues | Should -Be 'Auto', 'Pcp', 'NatPmp', 'Igd'
        { New-BtmmAccount x.example.net | Start-BtmmTunnel x -Method Upnp -WhatIf } | Should -Throw '*Auto,Pcp,NatPmp,Igd*'
        { New-BtmmAccount x.example.net | Start-BtmmTunnel x -Method Pcp, NatPmp -WhatIf } | Should -Not -Throw
    }

    It 'Start-BtmmTunnel -Endpoint takes <_>' -ForEach 'auto', '203.0.113.10', '203.0.113.10:4500', ':4500' {
        { New-BtmmAccount x.example.net | Start-BtmmTunnel x -Endpoint $_ -WhatIf } | Should -Not -Throw
    }

    It 'Start-BtmmTunnel -Endpoint refuses <_>' -ForEach 'home:4500', '4500', '2001:db8::1', ':0' {
        { New-BtmmAccount x.example.net | Start-BtmmTunnel x -Endpoint $_ -WhatIf } | Should -Throw '*ADDRESS:PORT*'
    }

    It 'Start-BtmmTunnel -StunServer takes <_>' -ForEach 'stun.example.net', 'stun.example.net:3479', '203.0.113.3' {
        { New-BtmmAccount x.example.net | Start-BtmmTunnel x -StunServer $_, 203.0.113.4:5000 -WhatIf } | Should -Not -Throw
    }

    It 'Start-BtmmTunnel -StunServer refuses <_>' -ForEach 'a b', 'stun.example.net:0', 'stun.example.net:x' {
        { New-BtmmAccount x.example.net | Start-BtmmTunnel x -StunServer $_ -WhatIf } | Should -Throw '*is not a server*'
    }

    It 'Start-BtmmTunnel refuses a name that no host can have: <_>' -ForEach 'a_b', '-x', 'ü', ('x' * 64) {
        New-BtmmAccount x.example.net | Start-BtmmTunnel -HostName $_ -StateDirectory TestDrive:/state -WhatIf -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -Be 'InvalidValue,Btmm.PowerShell.Commands.StartBtmmTunnelCommand'
    }

    It 'Test-BtmmTunnel says which stage fails, and skips what depends on it' {
        $checks = Test-BtmmTunnel -Account (New-BtmmAccount x.example.net -Server 127.0.0.1:9) -Timeout 1
        $zone = $checks | Where-Object Name -eq ZoneService
        $zone.Result | Should -Be 'Failed'
        $zone.Evidence | Should -Not -BeNullOrEmpty
        $zone.Remedy | Should -Not -BeNullOrEmpty
        ($checks | Where-Object Name -eq Peers).Result | Should -Be 'Skipped'
        Test-BtmmTunnel -Account (New-BtmmAccount x.example.net -Server 127.0.0.1:9) -Timeout 1 -Quiet | Should -BeFalse
    }
}
