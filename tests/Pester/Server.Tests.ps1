BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $bob = 'bob.example.net'
    $job = New-BtmmAccount alice.example.net | Start-BtmmDnsServer -Address 127.0.0.1 -Port 0 -Name admin
    $server = "127.0.0.1:$($job.Port)"
}

AfterAll {
    Get-Job | Where-Object PSJobTypeName -like Btmm* | Remove-Job -Force
}

Describe 'Zones of a running service' {
    It 'are added, listed and served at once' {
        $zone = New-BtmmZone $bob -MaxRecords 100 -UpdatesPerMinute 5000
        $zone | Should -BeOfType Btmm.PowerShell.Output.BtmmZone
        $zone.Name | Should -Be $bob
        "$($zone.Source)" | Should -Be 'Catalog'
        $zone.MaxRecords | Should -Be 100
        $zone.Job.Name | Should -Be 'admin'
        (Get-BtmmZone).Name | Should -Be 'alice.example.net', $bob
        (Get-BtmmZone alice*).Source | Should -Be 'Account'
        (Resolve-BtmmName $bob SOA -Server $server).Type | Should -Be 'SOA'
    }

    It 'are not added twice, but changed with -Force' {
        New-BtmmZone $bob -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed[0].FullyQualifiedErrorId | Should -Be 'AlreadyExists,Btmm.PowerShell.Commands.NewBtmmZoneCommand'
        $failed[0].CategoryInfo.Category | Should -Be 'ResourceExists'
        (New-BtmmZone $bob -Public -MaxRecords 100 -Force).IsPublic | Should -BeTrue
        (Get-BtmmZone $bob).IsPublic | Should -BeTrue
        $null = New-BtmmZone $bob -MaxRecords 100 -Force
    }

    It 'change nothing with -WhatIf' {
        New-BtmmZone carol.example.net -WhatIf | Should -BeNullOrEmpty
        Remove-BtmmZone $bob -WhatIf
        (Get-BtmmZone).Count | Should -Be 2
    }

    It 'are written with a key that is granted to them, and with no other' {
        $key = New-BtmmTsigKey bob-key -Grant $bob, 'studio.alice.example.net=Read' -UpdatesPerMinute 600
        $key | Should -BeOfType Btmm.Protocol.Dns.Tsig.TsigKey
        (Publish-BtmmRecord -Zone $bob -TsigKey $key -Server $server x A 192.0.2.7 -PassThru).Data | Should -Be '192.0.2.7'
        Publish-BtmmRecord -Zone alice.example.net -TsigKey $key -Server $server x A 192.0.2.7 -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'Refused,*'
    }

    It 'show their keys without a secret' {
        $shown = Get-BtmmTsigKey bob-key
        $shown.Grants.Count | Should -Be 2
        "$($shown.Grants[1].Zone)" | Should -Be 'alice.example.net'
        "$($shown.Grants[1].Scope)" | Should -Be 'studio.alice.example.net'
        $shown.UpdatesPerMinute | Should -Be 600
        $shown.PSObject.Properties.Name | Should -Not -Contain 'Secret'
        (Get-BtmmTsigKey).Count | Should -Be 2
        Get-BtmmTsigKey none -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
    }

    It 'refuse a key for a zone that is not there, and a right that does not exist' {
        $null = New-BtmmTsigKey other -Grant nowhere.example.org -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'NameNotFound,*'
        { New-BtmmTsigKey other -Grant "$bob=Fly" } | Should -Throw '*Read, Change, Transfer*'
        New-BtmmTsigKey plain | Should -BeOfType Btmm.Protocol.Dns.Tsig.TsigKey
        (Get-BtmmTsigKey).Count | Should -Be 2
    }

    It 'take keys of a key file' {
        $file = Join-Path $TestDrive members.key
        Set-Content $file 'key "file-key" { algorithm hmac-sha512; secret "AAECAwQFBgcICQoLDA0ODw=="; };'
        $null = Import-BtmmTsigKey $file
        (Get-BtmmTsigKey).Name | Should -Not -Contain 'file-key'
        $null = Import-BtmmTsigKey $file -Grant "$bob=Read,Transfer"
        "$((Get-BtmmTsigKey file-key).Grants[0].Access)" | Should -Be 'Read, Transfer'
        (Get-BtmmTsigKey file-key).Algorithm | Should -Be 'hmac-sha512'
    }

    It 'are exported and imported as zone files' {
        $text = Export-BtmmZone $bob
        $text | Should -Match 'x\s+\d+\s+IN\s+A\s+192\.0\.2\.7'
        $file = Export-BtmmZone $bob "$TestDrive/bob.zone"
        $file | Should -BeOfType IO.FileInfo
        Export-BtmmZone $bob "$TestDrive/bob.zone" -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'AlreadyExists,*'
        (Get-Content -Raw $file) -replace '192\.0\.2\.7', '192.0.2.8' | Set-Content $file
        Import-BtmmZone $bob $file.FullName -WhatIf | Should -BeNullOrEmpty
        $import = Import-BtmmZone $bob $file.FullName
        # The host's own record has a lease and stays.
        $import.Added, $import.Removed | Should -Be 1, 0
        Export-BtmmZone $bob | Should -Match '192\.0\.2\.8'
        Set-Content $file 'x 120 IN A not-an-address'
        Import-BtmmZone $bob $file.FullName -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'InvalidValue,*'
    }

    It 'are completed by their names, and keys by theirs' {
        (TabExpansion2 'Get-BtmmZone b' 14).CompletionMatches.CompletionText | Should -Be $bob
        (TabExpansion2 'Remove-BtmmTsigKey bob' 22).CompletionMatches.CompletionText | Should -Be 'bob-key'
        (TabExpansion2 'Stop-BtmmDnsServer ad' 21).CompletionMatches.CompletionText | Should -Be 'admin'
    }

    It 'are shown in tables' {
        $head = { param($objects) ((($objects | Format-Table | Out-String -Width 150).Trim() -split "`n")[0].Trim() -split '\s+') }
        & $head (Get-BtmmZone) | Should -Be 'Name', 'Serial', 'Records', 'Leased', 'Access', 'Source'
        & $head (Get-BtmmTsigKey) | Should -Be 'Name', 'Algorithm', 'PerMinute', 'Source', 'Grants'
        & $head (Get-BtmmDnsServer) | Should -Be 'EndPoints', 'Zones', 'Records', 'Queries', 'Updates', 'Store'
    }

    It 'and keys go again, through the pipeline' {
        Get-BtmmTsigKey file* | Remove-BtmmTsigKey
        Get-BtmmZone b* | Remove-BtmmZone -Confirm:$false
        (Get-BtmmZone).Name | Should -Be 'alice.example.net'
        (Get-BtmmTsigKey bob-key).Grants.Count | Should -Be 1
        Remove-BtmmZone $bob -Confirm:$false -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
        Remove-BtmmZone alice.example.net -Confirm:$false -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'InvalidValue,*'
    }
}

Describe 'Get-BtmmDnsServer' {
    It 'shows counters, store and endpoints of the session''s services' {
        $shown = Get-BtmmDnsServer
        $shown.EndPoints | Should -Be $server
        $shown.Store | Should -Be 'memory'
        $shown.Counters['UpdatesApplied'] | Should -BeGreaterOrEqual 1
        $shown.ProcessId | Should -Be $PID
        ($job | Get-BtmmDnsServer).Zones | Should -Be 1
    }

    It 'says what to do when nobody is there' {
        Get-BtmmDnsServer -ControlPath "$TestDrive/none.sock" -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'Unreachable,*'
        $failed[0].ErrorDetails.RecommendedAction | Should -BeLike '*--control*'
    }
}

Describe 'Stop-BtmmDnsServer' {
    It 'stops by name, by job and by what Get-BtmmDnsServer shows' {
        foreach ($i in 1..3) { $null = New-BtmmAccount "stop$i.example.net" | Start-BtmmDnsServer -Address 127.0.0.1 -Port 0 -Name "stop$i" }
        Stop-BtmmDnsServer stop1 -WhatIf
        (Get-Job stop1).State | Should -Be 'Running'
        (Stop-BtmmDnsServer stop1 -PassThru).State | Should -Be 'Stopped'
        Get-Job stop2 | Stop-BtmmDnsServer
        Get-Job stop3 | Get-BtmmDnsServer | Stop-BtmmDnsServer
        (Get-Job stop*).State | Select-Object -Unique | Should -Be 'Stopped'
        Stop-BtmmDnsServer nobody -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
        Get-Job stop* | Remove-Job
    }
}

Describe 'A durable service' {
    BeforeAll {
        $store = Join-Path $TestDrive zones.db
    }

    It 'keeps zones, keys and records in its store, secrets sealed' {
        $first = Start-BtmmDnsServer -Store $store -Address 127.0.0.1 -Port 0 -Name durable
        $null = $first | New-BtmmZone -Name kept.example.net
        $secret = ConvertTo-SecureString 'c2VhbGVkLXNlY3JldC1vZi10aGUta2V5' -AsPlainText -Force
        $key = New-BtmmTsigKey kept-key -Secret $secret -Grant kept.example.net -InputObject $first
        $null = Publish-BtmmRecord -Zone kept.example.net -TsigKey $key -Server "127.0.0.1:$($first.Port)" x A 192.0.2.9
        (Get-BtmmDnsServer -InputObject $first).Store | Should -Be "SQLite $store"
        Remove-Job $first -Force

        if ($IsLinux) { (Get-Item "$store.key").UnixMode | Should -Be '-rw-------' }
        foreach ($file in Get-ChildItem "$store*") { [Text.Encoding]::Latin1.GetString([IO.File]::ReadAllBytes($file)) | Should -Not -Match 'sealed-secret-of-the-key' }

        $second = Start-BtmmDnsServer -Store $store -Address 127.0.0.1 -Port 0
        (Get-BtmmZone -InputObject $second).Name | Should -Be 'kept.example.net'
        (Resolve-BtmmName x.kept.example.net A -Server "127.0.0.1:$($second.Port)" -TsigKey $key).Address | Should -Be '192.0.2.9'
        Remove-Job $second -Force
    }

    It 'does not start with another key file, and says why' {
        Move-Item "$store.key" "$store.key.away"
        Start-BtmmDnsServer -Store $store -Address 127.0.0.1 -Port 0 -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'KeyFileInvalid,*'
        $failed[0].CategoryInfo.Category | Should -Be 'SecurityError'
        Move-Item "$store.key.away" "$store.key"
        $again = Start-BtmmDnsServer -Store $store -Address 127.0.0.1 -Port 0
        $again.State | Should -Be 'Running'
        Remove-Job $again -Force
    }

    It 'does not start on a file that is no store' {
        Set-Content "$TestDrive/letter" 'Dear Alice'
        Start-BtmmDnsServer -Store "$TestDrive/letter" -Address 127.0.0.1 -Port 0 -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'StoreInvalid,*'
    }

    It 'serves several accounts at once, by TLS too' {
        $accounts = 'one.example.net', 'two.example.net' | ForEach-Object { New-BtmmAccount $_ }
        $both = Start-BtmmDnsServer -Account $accounts -Address 127.0.0.1 -Port 0 -TlsPort 0 -MaxRecords 5000 -UpdatesPerMinute 60
        (Get-BtmmZone -InputObject $both).Name | Should -Be 'one.example.net', 'two.example.net'
        (Get-BtmmZone -InputObject $both).UpdatesPerMinute | Should -Be 60, 60
        (Get-BtmmZone -InputObject $both).MaxRecords | Should -Be 5000, 5000
        $both.TlsEndPoints.Count | Should -Be 1
        (Get-BtmmDnsServer -InputObject $both).TlsEndPoints.Count | Should -Be 1
        foreach ($account in $accounts) { (Publish-BtmmRecord -Account $account -Server "127.0.0.1:$($both.Port)" x A 192.0.2.1 -PassThru).Data | Should -Be '192.0.2.1' }
        Remove-Job $both -Force
    }
}

Describe 'The module''s own load context' {
    It 'keeps the zone service and its third-party assemblies apart, loaded only when needed' {
        $lines = & $pwsh -NoProfile -NonInteractive -Command @"
`$ErrorActionPreference = 'Stop'
Import-Module '$root/Btmm.psd1'
function Show { [AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { `$_.GetName().Name -match '^(Btmm\.Server|Microsoft\.Data\.Sqlite|SQLitePCLRaw\.core|Npgsql)$' } | ForEach-Object { "`$(`$_.GetName().Name): `$([Runtime.Loader.AssemblyLoadContext]::GetLoadContext(`$_).Name)" } | Sort-Object }
"after import: `$(@(Show).Count)"
`$job = Start-BtmmDnsServer -Store '$TestDrive/context.db' -Address 127.0.0.1 -Port 0
Show
Remove-Job `$job -Force
"@
        $lines[0] | Should -Be 'after import: 0'
        $lines | Should -Contain 'Btmm.Server: Btmm'
        $lines | Should -Contain 'Microsoft.Data.Sqlite: Btmm'
        $lines | Should -Contain 'SQLitePCLRaw.core: Btmm'
        $lines -like '*: Default' | Should -BeNullOrEmpty
    }

    It 'works beside another module''s version of the same assembly' {
        # Another assembly of that name and a later version, as another module might bring it.
        $other = New-Item "$TestDrive/other" -ItemType Directory
        $builder = [Reflection.Emit.PersistedAssemblyBuilder]::new([Reflection.AssemblyName]::new('Microsoft.Data.Sqlite, Version=99.0.0.0'), [object].Assembly)
        $null = $builder.DefineDynamicModule('other').DefineType('Microsoft.Data.Sqlite.SqliteConnection', 'Public, Class').CreateType()
        $builder.Save("$other/Microsoft.Data.Sqlite.dll")
        $lines = & $pwsh -NoProfile -NonInteractive -Command @"
`$ErrorActionPreference = 'Stop'
Add-Type -Path '$other/Microsoft.Data.Sqlite.dll'
[Microsoft.Data.Sqlite.SqliteConnection].Assembly.GetName().Version.ToString()
Import-Module '$root/Btmm.psd1'
`$job = Start-BtmmDnsServer -Store '$TestDrive/beside.db' -Address 127.0.0.1 -Port 0
`$job.State
(New-BtmmZone beside.example.net).Name
[AppDomain]::CurrentDomain.GetAssemblies() | Where-Object { `$_.GetName().Name -eq 'Microsoft.Data.Sqlite' } | ForEach-Object { "`$(`$_.GetName().Version) in `$([Runtime.Loader.AssemblyLoadContext]::GetLoadContext(`$_).Name)" } | Sort-Object
[Microsoft.Data.Sqlite.SqliteConnection].Assembly.GetName().Version.ToString()
Remove-Job `$job -Force
"@
        $lines | Should -Be '99.0.0.0', 'Running', 'beside.example.net', '10.0.14.0 in Btmm', '99.0.0.0 in Default', '99.0.0.0'
    }
}

Describe 'A service in another process' -Skip:(-not $IsLinux) {
    BeforeAll {
        $btmmd = Get-ChildItem "$root/src/Btmm.Daemon/bin/*/net10.0/btmmd" | Sort-Object LastWriteTime | Select-Object -Last 1
        $socket = "$TestDrive/run/zone.sock"
        # systemd's end of the readiness protocol.
        $notify = [Net.Sockets.Socket]::new('Unix', 'Dgram', 'Unspecified')
        $notify.Bind([Net.Sockets.UnixDomainSocketEndPoint]::new("$TestDrive/notify"))
        $notify.ReceiveTimeout = 30000
        $start = [Diagnostics.ProcessStartInfo]::new($btmmd.FullName)
        $start.ArgumentList.Add('zone')
        foreach ($argument in '--store', "$TestDrive/other.db", '--listen', '127.0.0.1:0', '--control', $socket, '--json') { $start.ArgumentList.Add($argument) }
        $start.RedirectStandardOutput = $true
        $start.Environment['NOTIFY_SOCKET'] = "$TestDrive/notify"
        $process = [Diagnostics.Process]::Start($start)
        function Receive-Notice { $buffer = [byte[]]::new(4096); $count = $notify.Receive($buffer); [Text.Encoding]::UTF8.GetString($buffer, 0, $count) }
    }

    AfterAll {
        if (-not $process.HasExited) { $process.Kill() }
        $notify.Dispose()
    }

    It 'tells its service manager when it is ready' {
        Receive-Notice | Should -BeLike 'READY=1*'
        ($process.StandardOutput.ReadLine() | ConvertFrom-Json).control | Should -Be $socket
    }

    It 'is controlled through its socket, which nobody else may use' {
        (Get-Item $socket).UnixMode | Should -Be 'srw-------'
        $shown = Get-BtmmDnsServer -ControlPath $socket
        $shown.ProcessId | Should -Be $process.Id
        $shown.Job | Should -BeNullOrEmpty
        (New-BtmmZone far.example.net -ControlPath $socket).ControlPath | Should -Be $socket
        $key = New-BtmmTsigKey far-key -Grant far.example.net -ControlPath $socket
        $null = Publish-BtmmRecord -Zone far.example.net -TsigKey $key -Server $shown.EndPoints[0] x A 192.0.2.3
        Export-BtmmZone far.example.net -ControlPath $socket | Should -Match '192\.0\.2\.3'
        Get-BtmmTsigKey -ControlPath $socket | Remove-BtmmTsigKey
        Get-BtmmZone -ControlPath $socket | Remove-BtmmZone -Confirm:$false
        Get-BtmmZone -ControlPath $socket | Should -BeNullOrEmpty
    }

    It 'ends cleanly on SIGTERM, and takes its socket along' {
        & kill -TERM $process.Id
        $process.WaitForExit(20000) | Should -BeTrue
        $process.ExitCode | Should -Be 0
        Receive-Notice | Should -BeLike 'STOPPING=1*'
        Test-Path $socket | Should -BeFalse
    }
}
