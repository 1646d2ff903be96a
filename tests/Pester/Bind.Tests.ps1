# The record cmdlets against a server that is not ours: BIND 9 with a TSIG key, seen with dig.
BeforeDiscovery {
    $bindReason = if (-not $IsLinux) { 'needs Linux' }
        elseif (-not (Test-Path /usr/sbin/named) -or -not (Get-Command dig, tsig-keygen -CommandType Application -ErrorAction Ignore)) { 'needs named, dig and tsig-keygen' }
    if ($bindReason) { Write-Host "      the tests with BIND are skipped: $bindReason" }
}

BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

Describe 'With BIND 9' -Skip:([bool] $bindReason) {
    BeforeAll {
        $work = (New-Item (Join-Path ([IO.Path]::GetTempPath()) "btmm-bind-$PID") -ItemType Directory).FullName
        $probe = [Net.Sockets.UdpClient]::new([Net.IPEndPoint]::new([ipaddress]::Loopback, 0))
        $port = $probe.Client.LocalEndPoint.Port
        $probe.Dispose()
        & tsig-keygen -a hmac-sha256 alice-key | Set-Content "$work/alice.key"
        Set-Content "$work/zone" "`$TTL 60`n@ SOA ns hostmaster 1 60 60 600 60`n@ NS ns`nns A 127.0.0.1"
        Set-Content "$work/named.conf" @"
include "$work/alice.key";
options { directory "$work"; listen-on port $port { 127.0.0.1; }; listen-on-v6 { none; }; recursion no; pid-file "$work/pid"; session-keyfile "$work/session.key"; dnssec-validation no; };
controls { };
zone "bind.example.net" { type primary; file "zone"; allow-query { key alice-key; }; update-policy { grant alice-key zonesub ANY; }; };
"@
        $named = Start-Process /usr/sbin/named -PassThru -ArgumentList '-g', '-c', "$work/named.conf" -RedirectStandardOutput "$work/out" -RedirectStandardError "$work/err"
        Wait-Until { (Get-Content "$work/err" -Raw) -match 'running' -or $named.HasExited }
        if ($named.HasExited) { throw "named ended: $(Get-Content "$work/err" -Raw)" }
        $key = Import-BtmmTsigKey "$work/alice.key"
        $at = @{ Zone = 'bind.example.net'; TsigKey = $key; Server = "127.0.0.1:$port" }
        function Get-Dig([string] $Name, [string] $Type) { & dig "@127.0.0.1" -p $port -k "$work/alice.key" +short $Name $Type }
    }

    AfterAll {
        if ($named -and -not $named.HasExited) { $named.Kill(); $null = $named.WaitForExit(5000) }
        if ($work) { Remove-Item $work -Recurse -Force }
    }

    It 'publishes, renews and withdraws, as dig sees' {
        $record = Publish-BtmmRecord @at printer AAAA fd00::17 -PassThru
        Get-Dig printer.bind.example.net AAAA | Should -Be 'fd00::17'
        ($record | Update-BtmmRecord @at -PassThru).Data | Should -Be 'fd00::17'
        $record | Unpublish-BtmmRecord @at
        Get-Dig printer.bind.example.net AAAA | Should -BeNullOrEmpty
    }

    It 'says that no lease was promised' {
        $record = Publish-BtmmRecord @at lease A 198.51.100.1 -LeaseTime 3600 -PassThru
        $record.ExpiresAt | Should -BeNullOrEmpty
    }

    It 'reads what others wrote' {
        Publish-BtmmRecord @at mac SRV -Port 41000
        (Resolve-BtmmName mac.bind.example.net SRV -Server "127.0.0.1:$port" -TsigKey $key).Target | Should -Be 'mac.bind.example.net'
        (Get-BtmmRecord @at '@' SOA).Type | Should -Be 'SOA'
    }

    It 'tells a wrong key, a wrong secret and a name outside the zone apart' {
        $null = Publish-BtmmRecord @at x A 198.51.100.1 -TsigKey (New-BtmmTsigKey nobody) -ErrorVariable wrongKey -ErrorAction SilentlyContinue
        $wrongKey[0].FullyQualifiedErrorId | Should -BeLike 'TsigBadKey,*'
        $null = Publish-BtmmRecord @at x A 198.51.100.1 -TsigKey (New-BtmmTsigKey alice-key) -ErrorVariable wrongSecret -ErrorAction SilentlyContinue
        $wrongSecret[0].FullyQualifiedErrorId | Should -BeLike 'TsigBadSignature,*'
        $null = Publish-BtmmRecord @at elsewhere.example.org. A 198.51.100.1 -ErrorVariable outside -ErrorAction SilentlyContinue
        $outside[0].FullyQualifiedErrorId | Should -BeLike 'OutOfZone,*'
        $outside[0].CategoryInfo.Category | Should -Be 'PermissionDenied'
    }
}
