BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $passphrase = ConvertTo-SecureString 'four random words here' -AsPlainText -Force
    $wrong = ConvertTo-SecureString 'four other words here' -AsPlainText -Force
}

Describe 'New-BtmmAccount' {
    It 'makes an account with its own random keys' {
        $one, $two = New-BtmmAccount alice.example.net, bob.example.net
        "$($one.Domain)" | Should -Be 'alice.example.net'
        $one.UpdateKey.Algorithm.Name | Should -Be 'hmac-sha256'
        $one.IkePreSharedKey.Length | Should -Be 32
        [Convert]::ToHexString($one.IkePreSharedKey.ToArray()) | Should -Not -Be ([Convert]::ToHexString($two.IkePreSharedKey.ToArray()))
    }

    It 'takes domains from the pipeline' {
        @('a.example.net', 'b.example.net' | New-BtmmAccount).Count | Should -Be 2
    }

    It 'takes servers and a key' {
        $key = New-BtmmTsigKey -Name alice-key
        $account = New-BtmmAccount alice.example.net -Server ns1.example.net, 192.0.2.53:5353, '[2001:db8::53]:5300' -TsigKey $key
        $account.Servers.Host | Should -Be 'ns1.example.net', '192.0.2.53', '2001:db8::53'
        $account.Servers.Port | Should -Be 53, 5353, 5300
        $account.UpdateKey.Name.ToString() | Should -Be 'alice-key'
    }

    It 'goes on after a domain that cannot be one' {
        $made = '.', 'ok.example.net' | New-BtmmAccount -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'InvalidValue,*'
        $failed[0].CategoryInfo.Category | Should -Be 'InvalidArgument'
        "$($made.Domain)" | Should -Be 'ok.example.net'
    }

    It 'refuses text that is no name' {
        { New-BtmmAccount 'a..b' } | Should -Throw '*not a domain name*'
    }

    It 'never shows a key' {
        $account = New-BtmmAccount alice.example.net
        $secret = [byte[]]::new(32)
        $account.UpdateKey.CopySecretTo($secret)
        $shown = ($account | Format-List * | Out-String) + ($account.UpdateKey | Format-List * | Out-String) + "$account"
        $shown | Should -Not -Match ([regex]::Escape([Convert]::ToBase64String($secret)))
        $shown | Should -Not -Match ([Convert]::ToHexString($secret))
    }
}

Describe 'New-BtmmAccount and TLS' {
    It 'make an authority, also for the key of a zone that exists' {
        $one = New-BtmmAccount alice.example.net
        $one.Authority.CanIssue | Should -BeTrue
        $two = New-BtmmAccount bob.example.net -TsigKey (New-BtmmTsigKey key)
        $two.Authority.Pin | Should -Not -Be $one.Authority.Pin
    }

    It 'write how TLS is used into the servers' {
        $server = (New-BtmmAccount alice.example.net -Server dns.example.net -Tls Required -TlsPort 8853 -PublicCertificate).Servers[0]
        "$($server.Tls) $($server.TlsPort) $($server.HasPublicCertificate)" | Should -Be 'Required 8853 True'
        (New-BtmmAccount alice.example.net -Server dns.example.net).Servers[0].Tls | Should -Be 'Preferred'
    }
}

Describe 'Export-BtmmAccount and Import-BtmmAccount' {
    BeforeAll {
        $account = New-BtmmAccount alice.example.net -Server 192.0.2.53:5353
        function Get-KeyText($Of) {
            $secret = [byte[]]::new(32)
            $Of.UpdateKey.CopySecretTo($secret)
            [Convert]::ToHexString($secret) + [Convert]::ToHexString($Of.IkePreSharedKey.ToArray())
        }
    }

    It 'carry an account over, encrypted' {
        $file = $account | Export-BtmmAccount -Path TestDrive:/alice.btmm -Passphrase $passphrase -PassThru
        $file | Should -BeOfType IO.FileInfo
        Get-Content -Raw TestDrive:/alice.btmm | Should -Not -Match 'alice'
        $read = Import-BtmmAccount TestDrive:/alice.btmm -Passphrase $passphrase
        "$($read.Domain)" | Should -Be 'alice.example.net'
        $read.Servers[0].Port | Should -Be 5353
        Get-KeyText $read | Should -Be (Get-KeyText $account)
    }

    It 'leave the private key of the authority behind unless told otherwise' {
        $account | Export-BtmmAccount -Path TestDrive:/host.btmm -Passphrase $passphrase
        $account | Export-BtmmAccount -Path TestDrive:/server.btmm -Passphrase $passphrase -IncludeAuthorityKey
        $host1 = Import-BtmmAccount TestDrive:/host.btmm -Passphrase $passphrase
        $server1 = Import-BtmmAccount TestDrive:/server.btmm -Passphrase $passphrase
        $host1.Authority.CanIssue | Should -BeFalse
        $server1.Authority.CanIssue | Should -BeTrue
        $host1.Authority.Pin | Should -Be $account.Authority.Pin
    }

    It 'emit nothing without -PassThru' {
        Export-BtmmAccount -Account $account -Path TestDrive:/quiet.btmm -Passphrase $passphrase | Should -BeNullOrEmpty
        'TestDrive:/quiet.btmm' | Should -Exist
    }

    It 'write nothing with -WhatIf' {
        Export-BtmmAccount -Account $account -Path TestDrive:/whatif.btmm -Passphrase $passphrase -WhatIf
        'TestDrive:/whatif.btmm' | Should -Not -Exist
    }

    It 'keep an existing file unless forced' {
        Set-Content TestDrive:/there.btmm 'precious'
        Export-BtmmAccount -Account $account -Path TestDrive:/there.btmm -Passphrase $passphrase -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'FileExists,*'
        $failed[0].CategoryInfo.Category | Should -Be 'ResourceExists'
        Get-Content TestDrive:/there.btmm | Should -Be 'precious'
        Export-BtmmAccount -Account $account -Path TestDrive:/there.btmm -Passphrase $passphrase -Force
        (Import-BtmmAccount TestDrive:/there.btmm -Passphrase $passphrase).Domain.ToString() | Should -Be 'alice.example.net'
    }

    It 'tell a wrong passphrase' {
        Export-BtmmAccount -Account $account -Path TestDrive:/locked.btmm -Passphrase $passphrase
        Import-BtmmAccount TestDrive:/locked.btmm -Passphrase $wrong -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'AccountFileInvalid,*'
        $failed[0].CategoryInfo.Category | Should -Be 'InvalidData'
        $failed[0].TargetObject | Should -Be 'TestDrive:/locked.btmm'
        $failed[0].ErrorDetails.RecommendedAction | Should -Not -BeNullOrEmpty
    }

    It 'write the unprotected form for the owner only' -Skip:(-not $IsLinux) {
        Export-BtmmAccount -Account $account -Path TestDrive:/plain.account -Unprotected
        [IO.File]::GetUnixFileMode((Resolve-Path TestDrive:/plain.account).ProviderPath) | Should -Be 'UserWrite, UserRead'
        Get-KeyText (Import-BtmmAccount TestDrive:/plain.account) | Should -Be (Get-KeyText $account)
    }

    It 'read files from the pipeline and go on after a bad one' {
        $null = New-Item TestDrive:/many -ItemType Directory
        Export-BtmmAccount -Account $account -Path TestDrive:/many/a.account -Unprotected
        Set-Content TestDrive:/many/b.account 'not an account'
        Export-BtmmAccount -Account $account -Path TestDrive:/many/c.account -Unprotected
        $read = Get-ChildItem TestDrive:/many | Import-BtmmAccount -ErrorVariable failed -ErrorAction SilentlyContinue
        @($read).Count | Should -Be 2
        @($failed).Count | Should -Be 1
    }

    It 'take passphrases as SecureString only' {
        { Export-BtmmAccount -Account $account -Path TestDrive:/x -Passphrase 'plain text' } | Should -Throw
        (Get-Command Import-BtmmAccount).Parameters.Passphrase.ParameterType | Should -Be ([securestring])
    }
}

Describe 'New-BtmmTsigKey and Import-BtmmTsigKey' {
    It 'make a key with a secret given' {
        $secret = ConvertTo-SecureString 'YWxpY2UncyBzaGFyZWQgc2VjcmV0LCAzMiBieXRlcyE=' -AsPlainText -Force
        $key = New-BtmmTsigKey alice-key -Secret $secret
        $key.SecretLength | Should -Be 32
        $key.Algorithm.Name | Should -Be 'hmac-sha256'
    }

    It 'refuse a secret that is not base64' {
        $secret = ConvertTo-SecureString 'not base64!' -AsPlainText -Force
        New-BtmmTsigKey alice-key -Secret $secret -ErrorVariable failed -ErrorAction SilentlyContinue
        $failed[0].FullyQualifiedErrorId | Should -BeLike 'InvalidValue,*'
        "$($failed[0])" | Should -Not -Match 'not base64!'
    }

    It 'refuse HMAC-MD5 without the legacy switch' {
        New-BtmmTsigKey old -Algorithm hmac-md5 -ErrorVariable failed -ErrorAction SilentlyContinue | Should -BeNullOrEmpty
        $failed[0].CategoryInfo.Category | Should -Be 'InvalidArgument'
        New-BtmmTsigKey old -Algorithm hmac-md5 -AllowLegacy | Should -Not -BeNullOrEmpty
    }

    It 'read every key of a key file' {
        Set-Content TestDrive:/two.key @'
# keys of the zone
key "alice-key" {
        algorithm hmac-sha256;
        secret "YWxpY2UncyBzaGFyZWQgc2VjcmV0LCAzMiBieXRlcyE=";
};
key bob { algorithm hmac-sha512; secret "Ym9iJ3Mgc2VjcmV0"; };
'@
        $keys = Get-Item TestDrive:/two.key | Import-BtmmTsigKey
        "$($keys.Name)" | Should -Be 'alice-key bob'
        "$($keys.Algorithm)" | Should -Be 'hmac-sha256 hmac-sha512'
    }

    It 'tell a missing file and one without keys, and go on' {
        Set-Content TestDrive:/empty.key 'nothing'
        Set-Content TestDrive:/one.key 'key a { algorithm hmac-sha256; secret "Ym9iJ3Mgc2VjcmV0"; };'
        $keys = Import-BtmmTsigKey TestDrive:/none.key, TestDrive:/empty.key, TestDrive:/one.key -ErrorVariable failed -ErrorAction SilentlyContinue
        "$($keys.Name)" | Should -Be 'a'
        $failed.FullyQualifiedErrorId | Should -Be 'PathNotFound,Btmm.PowerShell.Commands.ImportBtmmTsigKeyCommand', 'InvalidValue,Btmm.PowerShell.Commands.ImportBtmmTsigKeyCommand'
    }
}
