BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $units = Join-Path $TestDrive units
    $at = @{ UnitDirectory = $units }
    $account = Join-Path $TestDrive 'my account'
    Set-Content $account '{}'
    function Test-Unit([string] $Path) {
        $said = & systemd-analyze verify --recursive-errors=no $Path 2>&1 | Where-Object { "$_" -like '*btmm*' }
        "$said" | Should -BeNullOrEmpty
    }
    $analyze = [bool](Get-Command systemd-analyze -ErrorAction Ignore)
}

Describe 'Register-BtmmService' -Skip:(-not $IsLinux) {
    It 'writes a hardened unit for the zone service' {
        $service = Register-BtmmService Zone -AccountPath $account -Store "$TestDrive/zones.db" -Listen 127.0.0.1:5300, ::1 -ControlPath "$TestDrive/run/zone.sock" -PassThru @at
        $service.Name | Should -Be 'btmm-zone'
        $service.IsEnabled | Should -BeFalse
        $service.Path | Should -Be (Join-Path $units btmm-zone.service)
        $text = Get-Content $service.Path
        $start = $text -like 'ExecStart=*'
        $start | Should -Match "^ExecStart=/\S+/btmmd zone --account ""$([regex]::Escape($account))"" --listen 127\.0\.0\.1:5300 --listen ""?\[::1\]:53""? --store $TestDrive/zones\.db --control $TestDrive/run/zone\.sock$"
        $text | Should -Contain 'Type=notify'
        $text | Should -Contain 'Restart=always'
        $text | Should -Contain 'CapabilityBoundingSet=CAP_NET_BIND_SERVICE'
        $text | Should -Contain 'ProtectSystem=strict'
        $text | Should -Contain 'NoNewPrivileges=yes'
        $text | Should -Contain "ReadWritePaths=-$TestDrive"
        if ($analyze) { Test-Unit $service.Path } else { Set-ItResult -Skipped -Because 'there is no systemd-analyze' }
    }

    It 'writes a unit for a node, which needs its account and more rights' {
        $service = Register-BtmmService Node studio-node -AccountPath $account -HostName studio -Restart OnFailure -ArgumentList '--lease', '30m' -PassThru @at
        $text = Get-Content $service.Path
        $text -like 'ExecStart=*' | Should -BeLike "*btmmd node --account ""$account"" --host studio --lease 30m"
        $text | Should -Contain 'Restart=on-failure'
        $text | Should -Contain 'DeviceAllow=/dev/net/tun rw'
        if ($analyze) { Test-Unit $service.Path }
        Register-BtmmService Node -ErrorVariable failed -ErrorAction SilentlyContinue @at
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'InvalidValue,*'
    }

    It 'writes a unit that runs pwsh, without profile and prompt' {
        $service = Register-BtmmService Zone pwsh-zone -Store "$TestDrive/it's.db" -Listen 127.0.0.1:0 -ControlPath "$TestDrive/pwsh.sock" -UsePowerShell -PassThru @at
        $start = (Get-Content $service.Path) -like 'ExecStart=*'
        $start | Should -BeLike 'ExecStart=*pwsh -NoProfile -NonInteractive -Command *Import-Module*Start-BtmmDnsServer*'
        $start | Should -Match "-Store '$TestDrive/it''s\.db'"
        if ($analyze) { Test-Unit $service.Path }
    }

    It 'writes a command that really runs' {
        # As systemd would start it, but for the unit's restrictions.
        $service = Register-BtmmService Zone run-zone -Store "$TestDrive/run.db" -Listen 127.0.0.1:0 -ControlPath "$TestDrive/r/run.sock" -UsePowerShell -PassThru @at
        $line = ((Get-Content $service.Path) -like 'ExecStart=*')[0].Substring('ExecStart='.Length)
        $null = $line -match '^(?<program>\S+) -NoProfile -NonInteractive -Command "(?<script>.*)"$'
        $script = $Matches.script.Replace('$$', '$').Replace('\"', '"').Replace('\\', '\')
        $start = [Diagnostics.ProcessStartInfo]::new($Matches.program)
        foreach ($argument in '-NoProfile', '-NonInteractive', '-Command', $script) { $start.ArgumentList.Add($argument) }
        $process = [Diagnostics.Process]::Start($start)
        try {
            Wait-Until { Test-Path "$TestDrive/r/run.sock" }
            (Get-BtmmDnsServer -ControlPath "$TestDrive/r/run.sock").ProcessId | Should -Be $process.Id
            & kill -TERM $process.Id
            $process.WaitForExit(20000) | Should -BeTrue
        }
        finally {
            if (-not $process.HasExited) { $process.Kill() }
        }
    }

    It 'says what is missing' {
        Register-BtmmService Zone -ErrorVariable failed -ErrorAction SilentlyContinue @at
        $failed[0].FullyQualifiedErrorId | Should -Be 'InvalidValue,Btmm.PowerShell.Commands.RegisterBtmmServiceCommand'
        Register-BtmmService Zone -AccountPath "$TestDrive/none" -ErrorVariable failed -ErrorAction SilentlyContinue @at
        $failed[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
        Register-BtmmService Zone '../escape' -Store x -ErrorVariable failed -ErrorAction SilentlyContinue @at
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'InvalidValue,*'
    }

    It 'writes nothing with -WhatIf' {
        Register-BtmmService Zone nothing -Store x -WhatIf -PassThru @at | Should -BeNullOrEmpty
        Test-Path "$units/nothing.service" | Should -BeFalse
    }
}

Describe 'Unregister-BtmmService' -Skip:(-not $IsLinux) {
    BeforeAll {
        $null = New-Item $units -ItemType Directory -Force
    }

    It 'restores what was there before, however often it was registered' {
        Set-Content "$units/old.service" 'the old one'
        Register-BtmmService Zone old -Store x @at
        Register-BtmmService Zone old -Store y @at
        Get-Content -Raw "$units/old.service" | Should -Match '--store'
        Unregister-BtmmService old -WhatIf @at
        Get-Content -Raw "$units/old.service" | Should -Match '--store'
        Unregister-BtmmService old @at
        Get-Content "$units/old.service" | Should -Be 'the old one'
        Unregister-BtmmService old -ErrorVariable failed -ErrorAction SilentlyContinue @at
        $failed[0].CategoryInfo.Category | Should -Be 'ObjectNotFound'
    }

    It 'removes what was not there before, through the pipeline' {
        Register-BtmmService Zone new -Store x -PassThru @at | Unregister-BtmmService @at
        Test-Path "$units/new.service" | Should -BeFalse
    }

    It 'undoes a registration that a crash cut short' {
        # The journal is written first.
        Register-BtmmService Zone crashed -Store x @at
        Remove-Item "$units/crashed.service"
        Unregister-BtmmService crashed @at
        Get-ChildItem "$units/.btmm" -Filter crashed* | Should -BeNullOrEmpty
    }

    It 'completes names of what is registered' {
        Register-BtmmService Zone btmm-zone -Store x @at
        $line = "Unregister-BtmmService -UnitDirectory '$units' -Name btmm"
        (TabExpansion2 $line $line.Length).CompletionMatches.CompletionText | Should -Be 'btmm-zone'
    }
}
