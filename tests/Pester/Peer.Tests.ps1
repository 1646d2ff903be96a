BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $zone = Start-TestZone
    $at = $zone.At
    Publish-TestHost $zone studio fd3c:5f0e:91a2:7400:211:22ff:fe33:4455 198.41.0.10 40321
    Publish-TestHost $zone laptop fd3c:5f0e:91a2:7401:211:22ff:fe33:4456 198.41.0.20 41234
}

AfterAll {
    $zone.Job | Remove-Job -Force
}

Describe 'Get-BtmmPeer' {
    It 'follows the list to each host' {
        $peers = Get-BtmmPeer @at
        $peers.Name | Should -Be 'laptop', 'studio'
        $peers[1].FullName | Should -Be 'studio.alice.example.net'
        $peers[1].Address | Should -Be 'fd3c:5f0e:91a2:7400:211:22ff:fe33:4455'
        "$($peers[1].Endpoint)" | Should -Be '198.41.0.10:40321'
        $peers[1].Model | Should -Be 'desktop'
        $peers[1].Device.OperatingSystem | Should -Be 'linux'
    }

    It 'filters by label, full name and wildcards' {
        (Get-BtmmPeer studio @at).Name | Should -Be 'studio'
        (Get-BtmmPeer STUDIO.alice.example.net @at).Name | Should -Be 'studio'
        (Get-BtmmPeer s*, lap* @at).Name | Should -Be 'laptop', 'studio'
        Get-BtmmPeer nobody* @at | Should -BeNullOrEmpty
    }

    It 'tells a name that is not there, and shows the others' {
        $peers = Get-BtmmPeer studio, attic @at -ErrorVariable failed -ErrorAction SilentlyContinue
        $peers.Name | Should -Be 'studio'
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'PeerNotFound,*'
        $failed[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
        $failed[0].TargetObject | Should -Be 'attic'
    }

    It 'takes names from the pipeline' {
        ('studio', 'laptop' | Get-BtmmPeer @at).Name | Should -Be 'studio', 'laptop'
    }

    It 'feeds Resolve-BtmmName by property name' {
        (Get-BtmmPeer studio @at | Resolve-BtmmName @at).Address | Should -Be 'fd3c:5f0e:91a2:7400:211:22ff:fe33:4455'
    }

    It 'shows a table of four columns' {
        $text = (Get-BtmmPeer studio @at | Format-Table | Out-String -Width 100).Trim() -split "`n"
        $text[0].Trim() -split '\s+' | Should -Be 'Name', 'Address', 'Endpoint', 'Model'
        $text[2] | Should -Match '^studio\s+fd3c:5f0e:91a2:7400:211:22ff:fe33:4455\s+198\.41\.0\.10:40321\s+desktop'
    }
}

Describe 'Watch-BtmmPeer' {
    It 'shows the hosts that are there, and ends with -Duration' {
        $changes = Watch-BtmmPeer @at -Duration 3
        @($changes | Where-Object Change -eq Added).Name | Sort-Object | Should -Be 'laptop', 'studio'
        $changes[0] | Should -BeOfType Btmm.PowerShell.Output.BtmmPeerChange
        $changes[0].Time | Should -BeGreaterThan ([DateTimeOffset]::UtcNow.AddMinutes(-1))
    }

    It 'is ended by Select-Object -First, and leaves no long-lived query behind' {
        $clock = [Diagnostics.Stopwatch]::StartNew()
        (Watch-BtmmPeer studio @at -Duration 60 | Where-Object Change -eq Added | Select-Object -First 1).Name | Should -Be 'studio'
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 20
        Wait-Until { $zone.Job.GetServerInfo().LongLivedQueries -eq 0 }
    }

    It 'tells at once when a host moves' {
        $watcher = [powershell]::Create().AddScript({
            param($psd1, $at)
            Import-Module $psd1
            Watch-BtmmPeer laptop @at -Duration 120
        }).AddArgument("$root/Btmm.psd1").AddArgument($at)
        $seen = [Management.Automation.PSDataCollection[psobject]]::new()
        $null = $watcher.BeginInvoke([Management.Automation.PSDataCollection[psobject]]::new(), $seen)
        $changes = [Collections.Generic.List[psobject]]::new()
        try {
            Wait-Until { $changes.AddRange($seen.ReadAll()); "$($changes.Endpoint)" -match '198\.41\.0\.20:41234' }
            $clock = [Diagnostics.Stopwatch]::StartNew()
            Publish-BtmmRecord @at AutoTunnel-laptop A 198.41.0.21
            Wait-Until { $changes.AddRange($seen.ReadAll()); "$($changes.Endpoint)" -match '198\.41\.0\.21:41234' }
            Write-Host ("      seen after {0:n0} ms" -f $clock.Elapsed.TotalMilliseconds)
            $changes[-1].Change | Should -Be 'Changed'
        }
        finally {
            $watcher.Stop()
            $watcher.Dispose()
        }
    }

    It 'ends promptly with Ctrl-C, without an error' {
        $watcher = [powershell]::Create().AddScript({
            param($psd1, $at)
            Import-Module $psd1
            Watch-BtmmPeer @at
        }).AddArgument("$root/Btmm.psd1").AddArgument($at)
        $seen = [Management.Automation.PSDataCollection[psobject]]::new()
        $null = $watcher.BeginInvoke([Management.Automation.PSDataCollection[psobject]]::new(), $seen)
        Wait-Until { $seen.Count -ge 2 }
        $clock = [Diagnostics.Stopwatch]::StartNew()
        $watcher.Stop()
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 10
        $watcher.Streams.Error.Count | Should -Be 0
        $watcher.Dispose()
        Wait-Until { $zone.Job.GetServerInfo().LongLivedQueries -eq 0 }
    }

    It 'tells at once when the zone service does not answer at the start' {
        Watch-BtmmPeer -Account $zone.Account -Server 127.0.0.1:9 -Timeout 2 -Duration 5 -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].CategoryInfo.Category | Should -BeIn 'OperationTimeout', 'ConnectionError'
    }

    It 'shows changes in a table' {
        $text = (Watch-BtmmPeer studio @at -Duration 60 | Select-Object -First 1 | Format-Table | Out-String -Width 120).Trim() -split "`n"
        $text[0].Trim() -split '\s+' | Should -Be 'Time', 'Change', 'Name', 'Endpoint', 'Address'
    }
}
