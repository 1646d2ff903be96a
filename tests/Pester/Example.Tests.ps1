# The examples that need no gateway and no root; the others run in Gateway.Tests.ps1 and Tunnel.Tests.ps1.
BeforeAll {
    . "$PSScriptRoot/Common.ps1"
}

Describe 'The example' {
    It '02-publish-and-resolve.ps1 publishes, finds, renews and takes away' {
        $lines = & $pwsh -NoProfile -NonInteractive -File "$root/examples/02-publish-and-resolve.ps1" 2>&1
        $LASTEXITCODE | Should -Be 0 -Because "$lines"
        "$lines" | Should -Match 'printer\.alice\.members.*fd00::17'
        "$lines" | Should -Match "The zone's own view: 0 records left\."
    }

    It '03-account.ps1 carries an account over' {
        $passphrase = ConvertTo-SecureString 'four random words here' -AsPlainText -Force
        $lines = & "$root/examples/03-account.ps1" -Path "$TestDrive/alice.btmm" -Passphrase $passphrase
        $lines[0].Name | Should -Be 'alice.btmm'
        "$($lines[1].Domain)" | Should -Be 'alice.members.example.net'
        "$TestDrive/alice.btmm" | Should -Not -Exist
    }

    It '04-watch-peers.ps1 sees the host appear' {
        $lines = & $pwsh -NoProfile -NonInteractive -File "$root/examples/04-watch-peers.ps1" 2>&1
        $LASTEXITCODE | Should -Be 0 -Because "$lines"
        "$lines" | Should -Match 'Added\s+studio'
    }

    It '06-node.ps1 tells at once what is wrong with the account file' {
        $lines = & $pwsh -NoProfile -NonInteractive -File "$root/examples/06-node.ps1" -Account "$TestDrive/none.account" 2>&1
        $LASTEXITCODE | Should -Not -Be 0
        "$lines" | Should -Match 'no account file'
    }

    It '07-zone-service.ps1 keeps a zone from one run to the next' {
        $first, $second = 1..2 | ForEach-Object {
            , @(& $pwsh -NoProfile -NonInteractive -File "$root/examples/07-zone-service.ps1" -Directory "$TestDrive/zones" 2>&1)
            $LASTEXITCODE | Should -Be 0
        }
        "$first" | Should -Match 'nas\S*.*fd00::20' -Because "$first"
        "$second" | Should -Match 'nas\S*.*fd00::20' -Because "$second"
        Get-Content "$TestDrive/zones/bob.zone" -Raw | Should -Match 'nas\s+\d+\s+IN\s+AAAA\s+fd00::20'
        (Get-Item "$TestDrive/zones/zones.db.key").UnixMode | Should -Be '-rw-------'
    }

    It '<_> has a number, says what it shows, and is run by a test' -ForEach (Get-ChildItem "$PSScriptRoot/../../examples" -Filter *.ps1).Name {
        $_ | Should -Match '^\d\d-[a-z-]+\.ps1$'
        (Get-Content "$root/examples/$_" -TotalCount 1) | Should -Match '^# \w'
        Select-String -Path "$root/tests/Pester/*.Tests.ps1" -SimpleMatch $_ | Should -Not -BeNullOrEmpty
    }
}
