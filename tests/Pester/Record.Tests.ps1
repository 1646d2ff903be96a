BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $zone = Start-TestZone
    $at = $zone.At
}

AfterAll {
    $zone.Job | Remove-Job -Force
}

Describe 'Publish-BtmmRecord' {
    It 'publishes <Type> and the server has it' -ForEach @(
        @{ Type = 'A'; Data = '198.51.100.7'; Text = '198.51.100.7' }
        @{ Type = 'AAAA'; Data = 'fd00::17'; Text = 'fd00::17' }
        @{ Type = 'TXT'; Data = 'model=desktop', 'a b'; Text = '"model=desktop" "a b"' }
        @{ Type = 'SRV'; Data = '0 5 4500 studio.alice.example.net'; Text = '0 5 4500 studio.alice.example.net' }
        @{ Type = 'PTR'; Data = 'other.alice.example.net'; Text = 'other.alice.example.net' }
    ) {
        $record = Publish-BtmmRecord @at -Name "published-$Type" -Type $Type -Data $Data -PassThru
        $record | Should -BeOfType Btmm.PowerShell.Output.BtmmRecord
        $record.Name | Should -Be "published-$Type.alice.example.net"
        $record.Data | Should -Be $Text
        $record.Zone | Should -Be 'alice.example.net'
        $record.LeaseTime.TotalMinutes | Should -Be 90
        $record.ExpiresAt | Should -BeGreaterThan ([DateTimeOffset]::UtcNow.AddMinutes(80))
        (Get-BtmmRecord @at "published-$Type" $Type).Data | Should -Be $Text
    }

    It 'emits nothing without -PassThru' {
        Publish-BtmmRecord @at quiet A 198.51.100.1 | Should -BeNullOrEmpty
    }

    It 'replaces what was there, or appends' {
        Publish-BtmmRecord @at several A 198.51.100.1
        Publish-BtmmRecord @at several A 198.51.100.2
        (Get-BtmmRecord @at several A).Data | Should -Be '198.51.100.2'
        Publish-BtmmRecord @at several A 198.51.100.3 -Append
        (Get-BtmmRecord @at several A).Data | Sort-Object | Should -Be '198.51.100.2', '198.51.100.3'
    }

    It 'takes the port of a mapping by its property name' {
        $mapping = [pscustomobject]@{ Protocol = 'Udp'; InternalPort = 4500; ExternalPort = 41234; ExternalAddress = [ipaddress] '203.0.113.10' }
        $record = $mapping | Publish-BtmmRecord @at -Name mac -Type SRV -PassThru
        $record.Port | Should -Be 41234
        $record.Target | Should -Be 'mac.alice.example.net'
        ($mapping | Publish-BtmmRecord @at -Name mac -Type A -PassThru).Address | Should -Be '203.0.113.10'
    }

    It 'names the host of a service as its target' {
        (Publish-BtmmRecord @at _autotunnel._udp.studio SRV -Port 4500 -PassThru).Target | Should -Be 'studio.alice.example.net'
    }

    It 'takes its own output' {
        $records = Publish-BtmmRecord @at source TXT 'one', 'two' -PassThru
        ($records | Publish-BtmmRecord @at -PassThru).Text | Should -Be 'one', 'two'
    }

    It 'takes leases as seconds and as time spans, bounded by the server' {
        (Publish-BtmmRecord @at lease A 198.51.100.1 -LeaseTime 3600 -PassThru).LeaseTime.TotalSeconds | Should -Be 3600
        (Publish-BtmmRecord @at lease A 198.51.100.1 -LeaseTime 2:00:00 -PassThru).LeaseTime.TotalHours | Should -Be 2
        (Publish-BtmmRecord @at lease A 198.51.100.1 -LeaseTime 60 -PassThru).LeaseTime.TotalMinutes | Should -Be 30
        (Publish-BtmmRecord @at lease A 198.51.100.1 -LeaseTime 0 -PassThru).LeaseTime | Should -BeNullOrEmpty
    }

    It 'sends nothing with -WhatIf' {
        Publish-BtmmRecord @at whatif A 198.51.100.1 -WhatIf
        Publish-BtmmRecord -Account $zone.Account -Server 127.0.0.1:9 whatif A 198.51.100.1 -WhatIf -Timeout 1
        { Get-BtmmRecord @at whatif A -ErrorAction Stop } | Should -Throw '*no name*'
    }

    It 'refuses data that does not fit the type: <Type> <Data>' -ForEach @(
        @{ Type = 'A'; Data = 'fd00::1' }
        @{ Type = 'AAAA'; Data = '198.51.100.1' }
        @{ Type = 'SRV'; Data = '0 0 port host' }
        @{ Type = 'PTR'; Data = 'a..b' }
        @{ Type = 'TXT'; Data = 'x' * 256 }
    ) {
        Publish-BtmmRecord @at bad $Type $Data -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -Be 'InvalidValue,Btmm.PowerShell.Commands.PublishBtmmRecordCommand'
        $failed[0].CategoryInfo.Category | Should -Be 'InvalidArgument'
    }

    It 'says when the data is missing' {
        Publish-BtmmRecord @at bad SRV -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].ErrorDetails.RecommendedAction | Should -Match '-Port'
    }
}

Describe 'Errors of the zone service' {
    It 'a key that it does not know is TsigBadKey' {
        $key = New-BtmmTsigKey nobody
        Publish-BtmmRecord @at studio A 198.51.100.1 -TsigKey $key -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -Be 'TsigBadKey,Btmm.PowerShell.Commands.PublishBtmmRecordCommand'
        $failed[0].CategoryInfo.Category | Should -Be 'AuthenticationError'
        $failed[0].TargetObject | Should -Be 'studio'
        $failed[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'a wrong secret is TsigBadSignature' {
        $key = New-BtmmTsigKey $zone.Account.UpdateKey.Name
        Publish-BtmmRecord @at studio A 198.51.100.1 -TsigKey $key -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'TsigBadSignature,*'
    }

    It 'a server that does not answer is Timeout or Unreachable, within the time given' {
        $clock = [Diagnostics.Stopwatch]::StartNew()
        Publish-BtmmRecord -Account $zone.Account -Server 127.0.0.1:9 studio A 198.51.100.1 -Timeout 2 -ErrorVariable failed -ErrorAction SilentlyContinue
        $clock.Elapsed.TotalSeconds | Should -BeLessThan 20
        $failed[0].CategoryInfo.Category | Should -BeIn 'OperationTimeout', 'ConnectionError'
    }

    It 'a name outside the zone is refused' {
        Publish-BtmmRecord @at elsewhere.example.org. A 198.51.100.1 -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].CategoryInfo.Category | Should -Be 'PermissionDenied'
    }

    It 'neither an account nor a zone is InvalidValue' {
        $lines = & $pwsh -NoProfile -NonInteractive -Command "Import-Module '$root/Btmm.psd1'; Get-BtmmRecord x -ErrorAction SilentlyContinue; `$Error[0].FullyQualifiedErrorId"
        $lines | Should -Be 'InvalidValue,Btmm.PowerShell.Commands.GetBtmmRecordCommand'
    }

    It 'one bad item does not stop the others' {
        $data = [pscustomobject]@{ Name = 'good1'; Address = [ipaddress] '198.51.100.1' }, [pscustomobject]@{ Name = 'bad'; Address = [ipaddress] 'fd00::1' }, [pscustomobject]@{ Name = 'good2'; Address = [ipaddress] '198.51.100.2' }
        $made = $data | Publish-BtmmRecord @at -Type A -PassThru -ErrorVariable failed -ErrorAction SilentlyContinue
        $made.Name | Should -Be 'good1.alice.example.net', 'good2.alice.example.net'
        @($failed).Count | Should -Be 1
    }
}

Describe 'Get-BtmmRecord' {
    It 'reads all types of a name' {
        Publish-BtmmRecord @at both A 198.51.100.1
        Publish-BtmmRecord @at both TXT hello
        (Get-BtmmRecord @at both).Type | Sort-Object | Should -Be 'A', 'TXT'
    }

    It 'says when there is no such name, and goes on' {
        Publish-BtmmRecord @at here A 198.51.100.1
        $found = 'missing', 'here' | Get-BtmmRecord @at -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'NameNotFound,*'
        $failed[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
        $failed[0].TargetObject | Should -Be 'missing'
        $found.Name | Should -Be 'here.alice.example.net'
    }

    It 'reads the zone itself as @' {
        (Get-BtmmRecord @at '@' SOA).Name | Should -Be 'alice.example.net'
    }

    It 'shows nothing to strangers' {
        { Get-BtmmRecord -Zone alice.example.net -Server $zone.Server here A -ErrorAction Stop } | Should -Throw
    }

    It 'reads everything of the account without a name' {
        Publish-TestHost $zone tower fd3c:5f0e:91a2:7400:211:22ff:fe33:4401 198.41.0.4 40111
        $all = Get-BtmmRecord @at
        $all.Name | Should -Contain '_autotunnel._udp.alice.example.net'
        $all.Name | Should -Contain '_autotunnel._udp.tower.alice.example.net'
        $all.Name | Should -Contain 'AutoTunnel-tower.alice.example.net'
        $all.Name | Should -Contain 'tower.alice.example.net'
    }

    It 'takes the account of the zone service in this session' {
        $lines = & $pwsh -NoProfile -NonInteractive -Command @"
Import-Module '$root/Btmm.psd1'
`$job = New-BtmmAccount session.example.net | Start-BtmmDnsServer -Address 127.0.0.1 -Port 0
(Get-BtmmRecord '@' SOA -Server "127.0.0.1:`$(`$job.Port)").Name
"@
        $lines | Should -Be 'session.example.net'
    }
}

Describe 'Update-BtmmRecord' {
    It 'renews what was published' {
        $record = Publish-BtmmRecord @at renewed A 198.51.100.1 -LeaseTime 1800 -PassThru
        $again = $record | Update-BtmmRecord @at -LeaseTime 7200 -PassThru
        $again.LeaseTime.TotalSeconds | Should -Be 7200
        $again.ExpiresAt | Should -BeGreaterThan $record.ExpiresAt.AddMinutes(60)
    }

    It 'renews by name and leaves the data alone' {
        Publish-BtmmRecord @at list PTR -Target a
        Publish-BtmmRecord @at list PTR -Target b -Append
        Update-BtmmRecord @at list PTR
        (Get-BtmmRecord @at list PTR).Target | Sort-Object | Should -Be 'a.alice.example.net', 'b.alice.example.net'
    }

    It 'says when there is nothing to renew' {
        Update-BtmmRecord @at never A -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'NameNotFound,*'
    }

    It 'sends nothing with -WhatIf' {
        Update-BtmmRecord -Account $zone.Account -Server 127.0.0.1:9 never A -WhatIf -ErrorVariable failed
        $failed | Should -BeNullOrEmpty
    }
}

Describe 'Unpublish-BtmmRecord' {
    It 'deletes one record from the pipeline' {
        Publish-BtmmRecord @at two A 198.51.100.1
        $second = Publish-BtmmRecord @at two A 198.51.100.2 -Append -PassThru
        ($second | Unpublish-BtmmRecord @at -PassThru).Data | Should -Be '198.51.100.2'
        (Get-BtmmRecord @at two A).Data | Should -Be '198.51.100.1'
    }

    It 'deletes a type, one datum, or a name' {
        Publish-BtmmRecord @at gone A 198.51.100.1
        Publish-BtmmRecord @at gone A 198.51.100.2 -Append
        Publish-BtmmRecord @at gone TXT x
        Unpublish-BtmmRecord @at gone A 198.51.100.1
        (Get-BtmmRecord @at gone A).Data | Should -Be '198.51.100.2'
        Unpublish-BtmmRecord @at gone A
        (Get-BtmmRecord @at gone).Type | Should -Be 'TXT'
        Unpublish-BtmmRecord @at gone
        { Get-BtmmRecord @at gone -ErrorAction Stop } | Should -Throw '*no name*'
    }

    It 'does not mind what is not there' {
        Unpublish-BtmmRecord @at nothing A -ErrorVariable failed
        $failed | Should -BeNullOrEmpty
    }

    It 'deletes nothing with -WhatIf' {
        Publish-BtmmRecord @at stays A 198.51.100.1
        Unpublish-BtmmRecord @at stays A -WhatIf
        (Get-BtmmRecord @at stays A).Data | Should -Be '198.51.100.1'
    }
}

Describe 'Resolve-BtmmName' {
    BeforeAll {
        Publish-BtmmRecord @at resolved AAAA fd00::5
        Publish-BtmmRecord @at resolved A 198.51.100.5
    }

    It 'finds AAAA unless told otherwise' {
        (Resolve-BtmmName resolved.alice.example.net @at).Address | Should -Be 'fd00::5'
        (Resolve-BtmmName resolved.alice.example.net A @at).Address | Should -Be '198.51.100.5'
        (Resolve-BtmmName resolved.alice.example.net -Type A, AAAA @at).Type | Should -Be 'A', 'AAAA'
    }

    It 'works over TCP' {
        (Resolve-BtmmName resolved.alice.example.net @at -TcpOnly).Address | Should -Be 'fd00::5'
    }

    It 'goes on after a name that does not exist' {
        $found = 'no.alice.example.net', 'resolved.alice.example.net' | Resolve-BtmmName @at -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -Be 'NameNotFound,Btmm.PowerShell.Commands.ResolveBtmmNameCommand'
        $found.Name | Should -Be 'resolved.alice.example.net'
    }

    It 'takes a key instead of an account' {
        (Resolve-BtmmName resolved.alice.example.net -Server $zone.Server -TsigKey $zone.Account.UpdateKey).Address | Should -Be 'fd00::5'
    }

    It 'falls back to TCP for a long answer' {
        1..60 | ForEach-Object { Publish-BtmmRecord @at long TXT ('x' * 100 + $_) -Append }
        @(Resolve-BtmmName long.alice.example.net TXT @at).Count | Should -Be 60
    }

    It 'says one line per exchange with -Verbose' {
        $lines = Resolve-BtmmName resolved.alice.example.net @at -Verbose 4>&1 | Where-Object { $_ -is [Management.Automation.VerboseRecord] }
        @($lines).Count | Should -Be 1
    }
}

Describe 'The view of records' {
    It 'has six columns or fewer and shows times relative' {
        $record = Publish-BtmmRecord @at viewed A 198.51.100.1 -PassThru
        $text = ($record | Format-Table | Out-String -Width 120).Trim() -split "`n"
        $text[0].Trim() -split '\s+' | Should -Be 'Name', 'Type', 'TTL', 'Lease', 'Data'
        $text[2] | Should -Match '^viewed\.alice\.example\.net\s+A\s+120\s+01:\d\d:\d\d\s+198\.51\.100\.1'
    }
}

Describe '-Verbose' {
    It 'tells each exchange in one line: <Verb>' -ForEach @(
        @{ Verb = 'publish'; Script = { Publish-BtmmRecord @at told A 198.51.100.1 -Verbose 4>&1 }; Line = 'made 2 changes in alice\.example\.net for' }
        @{ Verb = 'get'; Script = { Get-BtmmRecord @at '@' SOA -Verbose 4>&1 }; Line = 'answered alice\.example\.net IN SOA: NoError, 1 records' }
    ) {
        $lines = & $Script | Where-Object { $_ -is [Management.Automation.VerboseRecord] -and $_.Message -notmatch 'Performing the operation' }
        @($lines).Count | Should -Be 1
        "$lines" | Should -Match $Line
    }
}

Describe 'A long wait' {
    It 'shows progress and completes it' {
        $silent = [Net.Sockets.UdpClient]::new([Net.IPEndPoint]::new([ipaddress]::Loopback, 0))
        $shell = [powershell]::Create().AddScript("Import-Module '$root/Btmm.psd1'; Resolve-BtmmName x.example.net -Server 127.0.0.1:$($silent.Client.LocalEndPoint.Port) -Timeout 3 -ErrorAction SilentlyContinue")
        $null = $shell.Invoke()
        $progress = @($shell.Streams.Progress.ReadAll() | Where-Object Activity -eq 'Resolve-BtmmName')
        $silent.Dispose()
        $shell.Dispose()
        $progress.Count | Should -BeGreaterThan 1
        $progress[0].StatusDescription | Should -Be 'Waiting for an answer'
        "$($progress[-1].RecordType)" | Should -Be 'Completed'
    }
}
