BeforeDiscovery {
    . "$PSScriptRoot/Lab.ps1"
    if ($labReason) { Write-Host "      the tests with a real gateway are skipped: $labReason" }
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    . "$PSScriptRoot/Lab.ps1"
}

Describe 'With a real gateway' -Skip:([bool] $labReason) {
    BeforeAll {
        Invoke-Lab down
        Invoke-Lab up inner
    }

    AfterAll {
        Invoke-Lab down
    }

    It 'Get-BtmmGateway shows what it can do' {
        Invoke-InLab studio '$g = Get-BtmmGateway; "$($g.Gateway) $($g.IsDefault) $($g.InterfaceAlias) $($g.LocalAddress) $($g.ExternalAddress) $($g.NatPmp.ExternalAddress) $($g.NatPmp.RoundTrip -gt 0) $($g.Reachability) $($g.Reason)|"' |
            Should -Be '192.168.1.1 True eth0 192.168.1.100 203.0.113.10 203.0.113.10 True Mappable |'
    }

    It 'Get-BtmmGateway recognises a gateway behind another' {
        $line = Invoke-InLab attic '$g = Get-BtmmGateway; "$($g.ExternalAddress) $($g.Reachability) $($g.Reason) $([bool]$g.Remedy)"'
        $line | Should -Be '192.168.1.60 DoubleNat DoubleNat True'
    }

    It 'Get-BtmmGateway tells a gateway without NAT-PMP' {
        Invoke-Lab upnp gw-cafe off
        try {
            $line = Invoke-InLab laptop '$g = Get-BtmmGateway -Timeout 1; "$([bool]$g.NatPmp) $($g.Reachability) $($g.Reason) $([bool]$g.Remedy)"'
            $line | Should -BeLike 'False NotMappable * True'
        }
        finally {
            Invoke-Lab upnp gw-cafe on
        }
    }

    It 'New-NatPmpMapping maps, and the gateway''s own lease file has it' {
        $lines = Invoke-InLab studio @'
$m = New-NatPmpMapping -Protocol Udp -InternalPort 4510 -ExternalPort 41510 -Lifetime 600
"$($m.Protocol) $($m.InternalPort) $($m.ExternalPort) $($m.ExternalAddress) $($m.Gateway) $($m.Lifetime.TotalSeconds) $($m.Method)"
"$(@(Get-NatPmpMapping).Count) $(@(Get-NatPmpMapping 4510 -Protocol Udp).Count) $(@(Get-NatPmpMapping -Protocol Tcp).Count)"
'@
        $lines[0] | Should -Be 'Udp 4510 41510 203.0.113.10 192.168.1.1 600 Pcp'
        $lines[1] | Should -Be '1 1 0'
        "$(Invoke-Lab leases gw-home)" | Should -Match 'UDP:41510:192\.168\.1\.100:4510'
    }

    It 'New-NatPmpMapping sends nothing with -WhatIf' {
        $lines = Invoke-InLab studio 'New-NatPmpMapping -Protocol Tcp -InternalPort 4511 -WhatIf; "$(@(Get-NatPmpMapping).Count)"'
        "$lines" | Should -Match 'map TCP 4511 for 3600 s.*router 192\.168\.1\.1'
        "$(Invoke-Lab leases gw-home)" | Should -Not -Match '4511'
    }

    It 'Update-NatPmpMapping renews, and Remove-NatPmpMapping deletes at the gateway' {
        $lines = Invoke-InLab studio @'
$m = New-NatPmpMapping 4512 -Protocol Tcp -Lifetime 300
$r = Get-NatPmpMapping | Where-Object ExpiresIn -lt 00:10 | Update-NatPmpMapping -Lifetime 1:00:00 -PassThru
"$($r.ExternalPort -eq $m.ExternalPort) $($r.Lifetime.TotalSeconds) $(@(Get-NatPmpMapping).Count)"
"quiet: $(@(Update-NatPmpMapping 4512 -Protocol Tcp).Count)"
"$(@(Get-NatPmpMapping | Remove-NatPmpMapping -PassThru).InternalPort) $(@(Get-NatPmpMapping).Count)"
try { Remove-NatPmpMapping 4512 -Protocol Tcp } catch { "$($_.FullyQualifiedErrorId) $($_.CategoryInfo.Category)" }
'@
        $lines | Should -Be 'True 3600 1', 'quiet: 0', '4512 0', 'NameNotFound,Btmm.PowerShell.Commands.RemoveNatPmpMappingCommand ObjectNotFound'
        "$(Invoke-Lab leases gw-home)" | Should -Not -Match '4512'
    }

    It 'a gateway without a usable address is PortMappingNetworkFailure' {
        Invoke-Lab upnp gw-cafe nostun
        try {
            $line = Invoke-InLab laptop 'try { New-NatPmpMapping 4513 -Protocol Udp } catch { "$($_.FullyQualifiedErrorId) $($_.CategoryInfo.Category) $($_.TargetObject)" }'
            $line | Should -Be 'PortMappingNetworkFailure,Btmm.PowerShell.Commands.NewNatPmpMappingCommand ConnectionError Udp 4513'
        }
        finally {
            Invoke-Lab upnp gw-cafe on
        }
    }

    It 'no gateway at all is NoGateway' {
        $null = & ip netns add "${labPrefix}alone"
        try {
            Invoke-InLab alone 'try { Get-BtmmGateway } catch { "$($_.FullyQualifiedErrorId) $($_.CategoryInfo.Category) $($_.ErrorDetails.RecommendedAction)" }' |
                Should -Be 'NoGateway,Btmm.PowerShell.Commands.GetBtmmGatewayCommand ObjectNotFound Connect this host to a network.'
        }
        finally {
            $null = & ip netns del "${labPrefix}alone"
        }
    }

    It 'one bad port does not stop the others in the pipeline' {
        $lines = Invoke-InLab mini @'
$ErrorActionPreference = 'SilentlyContinue'
$made = [pscustomobject]@{ InternalPort = 4520; Protocol = 'Udp' }, [pscustomobject]@{ InternalPort = 4521; Protocol = 'Udp'; Lifetime = 0 }, [pscustomobject]@{ InternalPort = 4522; Protocol = 'Tcp' } | New-NatPmpMapping
"$($made.InternalPort)"
"$($Error.Count) $($Error[0].FullyQualifiedErrorId)"
'@
        $lines | Should -Be '4520 4522', '1 InvalidValue,Btmm.PowerShell.Commands.NewNatPmpMappingCommand'
    }

    It 'a mapping goes straight into a zone: New-NatPmpMapping | Publish-BtmmRecord' {
        $lines = Invoke-InLab studio @'
$account = New-BtmmAccount members.example.net
$job = Start-BtmmDnsServer -Account $account -Address 127.0.0.1 -Port 0
$z = $account.Domain; $key = $account.UpdateKey; $server = "127.0.0.1:$($job.Port)"
$r = New-NatPmpMapping -Protocol Udp -InternalPort 4530 -ExternalPort 41530 -Lifetime 3600 | Publish-BtmmRecord -Zone $z -Name mac -Type SRV -TsigKey $key -Server $server -PassThru
"$($r.Name) $($r.Type) $($r.Data)"
(Get-BtmmRecord -Account $account -Server $server mac SRV).Data
Remove-Job $job -Force
'@
        $lines | Should -Be 'mac.members.example.net SRV 0 0 41530 mac.members.example.net', '0 0 41530 mac.members.example.net'
    }

    It 'the view of mappings counts down' {
        $lines = Invoke-InLab mini 'New-NatPmpMapping 4540 -Protocol Udp -ExternalPort 41540 | Format-Table | Out-String -Width 80'
        $text = "$($lines -join "`n")".Trim() -split "`n"
        $text[0].Trim() -split '\s+' | Should -Be 'Protocol', 'Internal', 'External', 'ExpiresIn', 'Method', 'Gateway'
        $text[2] | Should -Match '^Udp\s+4540\s+203\.0\.113\.10:41540\s+(00:59:5\d|01:00:00)\s+\w+\s+192\.168\.1\.1'
    }

    It 'the example <_> works' -ForEach '01-gateway.ps1', '05-map-and-publish.ps1', '08-open-ports.ps1' {
        $lines = & ip netns exec "${labPrefix}studio" $pwsh -NoProfile -NonInteractive -File "$root/examples/$_" 2>&1
        $LASTEXITCODE | Should -Be 0 -Because "$lines"
        "$lines" | Should -Match '203\.0\.113\.10'
    }
}

Describe 'Without a gateway' {
    It 'Get-NatPmpMapping shows nothing in a new session' {
        Get-NatPmpMapping | Should -BeNullOrEmpty
    }

    It 'New-NatPmpMapping tells a gateway that does not speak NAT-PMP' {
        New-NatPmpMapping 4500 -Protocol Udp -Gateway 127.0.0.1 -Timeout 2 -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed[0].FullyQualifiedErrorId | Should -Be 'PortMappingUnsupported,Btmm.PowerShell.Commands.NewNatPmpMappingCommand'
        $failed[0].CategoryInfo.Category | Should -Be 'NotImplemented'
        $failed[0].ErrorDetails.RecommendedAction | Should -Match 'NAT-PMP'
    }

    It 'refuses ports that are none: <_>' -ForEach 0, 65536, -1 {
        { New-NatPmpMapping $_ -Protocol Udp -Gateway 127.0.0.1 } | Should -Throw
    }

    It 'refuses a <What>: <Given>' -ForEach @(
        @{ What = 'range beyond the last port'; Given = '1..99999'; Says = '*65535*' }
        @{ What = 'range of port 0'; Given = '0..3'; Says = '*less than the minimum*' }
        @{ What = 'range without an end'; Given = '1..'; Says = '*Int32*' }
    ) {
        { New-NatPmpMapping $Given -Protocol Udp -Gateway 127.0.0.1 -WhatIf } | Should -Throw $Says
    }

    It 'a lifetime of <Given> is InvalidValue, and says why' -ForEach @(
        @{ Given = 0; Says = '*at least a second*' }
        @{ Given = [timespan]::FromDays(60000); Says = '*136 years*' }
    ) {
        New-NatPmpMapping 4500 -Protocol Udp -Gateway 127.0.0.1 -Lifetime $Given -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'InvalidValue,*'
        "$($failed[0])" | Should -BeLike $Says
    }

    It '<Command> -Timeout <Given> is refused before anything is sent' -ForEach @(
        foreach ($command in 'Get-BtmmGateway', 'Test-BtmmGateway', 'New-NatPmpMapping 4500 -Protocol Udp -Gateway 127.0.0.1', 'Resolve-BtmmName x', 'Watch-BtmmPeer') {
            foreach ($given in '0', '25.00:00:00') { @{ Command = $command; Given = $given } }
        }
    ) {
        { & ([scriptblock]::Create("$Command -Timeout $Given")) } | Should -Throw '*time to wait*'
    }

    It 'completes ports only from what is held' {
        [Management.Automation.CommandCompletion]::CompleteInput('Get-NatPmpMapping -InternalPort ', 32, $null).CompletionMatches.ListItemText |
            Where-Object { $_ -match '^\d+$' } | Should -BeNullOrEmpty
    }
}
