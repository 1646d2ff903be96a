# The zone service by TLS, as the record cmdlets find it, use it, and refuse to do without it.
BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $account = New-BtmmAccount alice.example.net
    $job = Start-BtmmDnsServer -Account $account -Address 127.0.0.1 -Port 0 -TlsPort 0
    $tlsPort = $job.TlsEndPoints[0].Port
    $clear = "127.0.0.1:$($job.Port)"
}

AfterAll {
    $job | Remove-Job -Force
}

Describe 'The record cmdlets' {
    It 'use TLS when the zone of a server given offers it' {
        $lines = Publish-BtmmRecord -Account $account -Server $clear mac A 198.51.100.1 -Verbose 4>&1
        "$lines" | Should -Match "127\.0\.0\.1:$tlsPort made"
        $lines = Get-BtmmRecord -Account $account -Server $clear mac A -Verbose 4>&1
        "$lines" | Should -Match "127\.0\.0\.1:$tlsPort answered"
    }

    It 'stay in clear text when the account says so' {
        $off = New-BtmmAccount alice.example.net -TsigKey $account.UpdateKey -Server $clear -Tls Off
        $lines = Get-BtmmRecord -Account $off mac A -Verbose 4>&1
        "$lines" | Should -Match "127\.0\.0\.1:$($job.Port) answered"
    }

    It 'say nothing to a server that the account''s authority has not certified' {
        $other = New-BtmmAccount alice.example.net -TsigKey $account.UpdateKey -Server $clear
        Get-BtmmRecord -Account $other mac A -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'TlsUnknownAuthority,*'
        $failed[0].CategoryInfo.Category | Should -Be 'SecurityError'
        $failed[0].ErrorDetails.RecommendedAction | Should -Match 'same account'
    }

    It 'refuse a server without TLS when the account requires it' {
        $required = New-BtmmAccount alice.example.net -TsigKey $account.UpdateKey -Server 127.0.0.1 -Tls Required -TlsPort $job.Port
        Get-BtmmRecord -Account $required mac A -Timeout 3 -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'T*,*' # Timeout, for that server waits for the rest of a long message; TlsUnavailable when it gives up first
    }
}

Describe 'A server with a public certificate' {
    BeforeAll {
        # An authority that only a session with SSL_CERT_FILE trusts, as every system trusts the public ones.
        $public = [Btmm.Core.SignOn.AccountAuthority]::Create()
        $issued = $public.IssueServerCertificate('ns.public.example.net', [ipaddress[]]@('127.0.0.1'), [DateTimeOffset]::UtcNow)
        $key = [Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($issued)
        Set-Content "$TestDrive/ca.pem" $public.ExportCertificatePem()
        Set-Content "$TestDrive/cert.pem" $issued.ExportCertificatePem()
        Set-Content "$TestDrive/key.pem" $key.ExportPkcs8PrivateKeyPem()
        $server = Start-BtmmDnsServer -Account $account -Address 127.0.0.1 -Port 0 -TlsPort 0 -CertificatePath "$TestDrive/cert.pem" -CertificateKeyPath "$TestDrive/key.pem"
        New-BtmmAccount alice.example.net -TsigKey $account.UpdateKey -Server 127.0.0.1 -Tls Required -TlsPort $server.TlsEndPoints[0].Port -PublicCertificate |
            Export-BtmmAccount -Path "$TestDrive/public.account" -Unprotected
        Set-Content "$TestDrive/ask.ps1" @"
            Import-Module '$root/Btmm.psd1'
            (Get-BtmmRecord -Account (Import-BtmmAccount '$TestDrive/public.account') '@' SOA -ErrorVariable failed -ErrorAction SilentlyContinue).Data
            `$failed | ForEach-Object FullyQualifiedErrorId
"@
    }

    AfterAll {
        $server | Remove-Job -Force
    }

    It 'is believed by a system that trusts its authority' {
        $env:SSL_CERT_FILE = "$TestDrive/ca.pem"
        try { $lines = & $pwsh -NoProfile -NonInteractive -File "$TestDrive/ask.ps1" 2>&1 } finally { $env:SSL_CERT_FILE = $null }
        "$lines" | Should -Match 'hostmaster\.alice\.example\.net'
    }

    It 'is not believed by another' {
        $lines = & $pwsh -NoProfile -NonInteractive -File "$TestDrive/ask.ps1" 2>&1
        "$lines" | Should -Match 'TlsUnknownAuthority'
    }
}
