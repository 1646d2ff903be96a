BeforeAll {
    . "$PSScriptRoot/Common.ps1"
    $manifest = Import-PowerShellDataFile "$root/Btmm.psd1"
}

Describe 'The module' {
    It 'has a valid manifest' {
        (Test-ModuleManifest "$root/Btmm.psd1").Version | Should -Be $manifest.ModuleVersion
    }

    It 'exports the cmdlets of its manifest and nothing else' {
        $exported = (Get-Module Btmm).ExportedCommands.Values
        $exported.CommandType | Select-Object -Unique | Should -Be 'Cmdlet'
        $exported.Name | Sort-Object | Should -Be ($manifest.CmdletsToExport | Sort-Object)
    }

    It 'imports fast' {
        $times = foreach ($i in 1..5) {
            [double](& $pwsh -NoProfile -NonInteractive -Command "(Measure-Command { Import-Module '$root/Btmm.psd1' }).TotalMilliseconds")
        }
        $best = ($times | Measure-Object -Minimum).Minimum
        Write-Host ("      import: best of 5 {0:n0} ms, worst {1:n0} ms" -f $best, ($times | Measure-Object -Maximum).Maximum)
        $best | Should -BeLessThan 1500
    }

    It 'opens no socket and leaves no job at import' -Skip:(-not $IsLinux) {
        $script = @"
function Measure-Socket {
    `$links = foreach (`$entry in [IO.Directory]::GetFiles('/proc/self/fd')) { try { [IO.FileInfo]::new(`$entry).LinkTarget } catch { 'gone' } }
    @(`$links -like 'socket:*').Count
}
`$before = Measure-Socket
Import-Module '$root/Btmm.psd1'
`$after = Measure-Socket
"sockets opened: `$(`$after - `$before)"
"jobs: `$(@(Get-Job).Count)"
"@
        & $pwsh -NoProfile -NonInteractive -Command $script | Should -Be 'sockets opened: 0', 'jobs: 0'
    }

    It 'says what to do when it is not built' {
        $copy = Join-Path $TestDrive copy
        $null = New-Item "$copy/module" -ItemType Directory
        Copy-Item "$root/Btmm.psd1" $copy
        Copy-Item "$root/module/*.ps*1*" "$copy/module"
        $message = & $pwsh -NoProfile -NonInteractive -Command "try { Import-Module '$copy/Btmm.psd1' } catch { `$_.Exception.Message }"
        "$message" | Should -BeLike '*dotnet build Btmm.slnx*'
    }

    It 'forgets its mappings and stops its jobs when removed' {
        $lines = & $pwsh -NoProfile -NonInteractive -Command @"
`$ErrorActionPreference = 'Stop'
Import-Module '$root/Btmm.psd1'
`$job = New-BtmmAccount -Domain remove.example.net | Start-BtmmDnsServer -Address 127.0.0.1 -Port 0
"`$(`$job.State)"
Remove-Module Btmm
"`$(`$job.State)"
"commands: `$(@(Get-Command -Module Btmm -ErrorAction Ignore).Count)"
"@
        $lines | Should -Be 'Running', 'Stopped', 'commands: 0'
    }
}

Describe 'Views' {
    BeforeDiscovery {
        $views = ([xml] (Get-Content -Raw "$PSScriptRoot/../../module/Btmm.Format.ps1xml")).Configuration.ViewDefinitions.View |
            ForEach-Object { @{ View = $_.Name; Type = $_.ViewSelectedBy.TypeName; Xml = $_ } }
        $types = ([xml] (Get-Content -Raw "$PSScriptRoot/../../module/Btmm.Types.ps1xml")).Types.Type | ForEach-Object {
            @{ Type = $_.Name; Properties = @($_.Members.MemberSet.Members.PropertySet.ReferencedProperties.Name) }
        }
    }

    It '<View> has six columns or fewer, or is a list, all of properties that exist' -ForEach $views {
        $class = $Type -as [type]
        $class | Should -Not -BeNullOrEmpty
        if ($Xml.ListControl) {
            $items = @($Xml.ListControl.ListEntries.ListEntry.ListItems.ListItem)
        }
        else {
            $columns = @($Xml.TableControl.TableHeaders.TableColumnHeader)
            $items = @($Xml.TableControl.TableRowEntries.TableRowEntry.TableColumnItems.TableColumnItem)
            $columns.Count | Should -BeLessOrEqual 6
            $items.Count | Should -Be $columns.Count
        }
        foreach ($item in $items | Where-Object PropertyName) { $class.GetProperty($item.PropertyName) | Should -Not -BeNullOrEmpty -Because $item.PropertyName }
        foreach ($item in $items | Where-Object ScriptBlock) {
            foreach ($match in [regex]::Matches($item.ScriptBlock, '\$_\.(\w+)')) { if ($match.Groups[1].Value -notin 'Host', 'Port', 'Elapsed', 'Step', 'Who', 'Answer') { $class.GetProperty($match.Groups[1].Value) | Should -Not -BeNullOrEmpty -Because $match.Value } }
        }
    }

    It '<Type> shows properties that exist' -ForEach $types {
        $class = $Type -as [type]
        $class | Should -Not -BeNullOrEmpty
        foreach ($property in $Properties) { $class.GetProperty($property) | Should -Not -BeNullOrEmpty -Because $property }
    }

    It 'every output type of our own has a view' {
        $shown = ([xml] (Get-Content -Raw "$root/module/Btmm.Format.ps1xml")).Configuration.ViewDefinitions.View.ViewSelectedBy.TypeName
        $emitted = (Get-Command -Module Btmm).OutputType.Name | Where-Object { $_ -like 'Btmm.PowerShell.Output.*' } | Sort-Object -Unique
        $emitted | Where-Object { $_ -notin $shown } | Should -BeNullOrEmpty
    }

    It 'an account shows its domain, servers and the name of its key' {
        $text = (New-BtmmAccount alice.example.net -Server ns.example.net:5353 | Format-Table | Out-String -Width 120).Trim() -split "`n"
        $text[0].Trim() -split '\s+' | Should -Be 'Domain', 'Servers', 'Key'
        $text[2] | Should -Match '^alice\.example\.net\s+ns\.example\.net:5353\s+btmm-key'
    }
}

Describe 'Help' {
    It 'is there for <_>' -ForEach (Import-PowerShellDataFile "$PSScriptRoot/../../Btmm.psd1").CmdletsToExport {
        $help = Get-Help $_ -Full
        $help.Synopsis | Should -Not -BeNullOrEmpty
        $help.Synopsis | Should -Not -BeLike "$_*" -Because 'a synopsis made up by PowerShell begins with the name'
        "$($help.Description.Text)" | Should -Not -BeNullOrEmpty
        $help.examples.example.Count | Should -BeGreaterOrEqual 3
        foreach ($example in $help.examples.example) {
            $example.code | Should -Not -BeNullOrEmpty
            $errors = $null
            $code = ($example.code -split "`n" | Where-Object { $_ -like 'PS> *' } | ForEach-Object { $_.Substring(4) }) -join "`n"
            $code | Should -Not -BeNullOrEmpty -Because $example.title
            $null = [Management.Automation.Language.Parser]::ParseInput($code, [ref] $null, [ref] $errors)
            $errors | Should -BeNullOrEmpty -Because $example.title
        }
        $common = [Management.Automation.Cmdlet]::CommonParameters + 'WhatIf', 'Confirm'
        foreach ($parameter in (Get-Command $_).Parameters.Keys | Where-Object { $_ -notin $common }) {
            "$(($help.parameters.parameter | Where-Object name -eq $parameter).description.Text)" |
                Should -Not -BeNullOrEmpty -Because "-$parameter needs a description"
        }
    }

    It 'uses only parameters that exist in the examples of <_>' -ForEach (Import-PowerShellDataFile "$PSScriptRoot/../../Btmm.psd1").CmdletsToExport {
        foreach ($example in (Get-Help $_ -Full).examples.example) {
            $code = ($example.code -split "`n" | Where-Object { $_ -like 'PS> *' } | ForEach-Object { $_.Substring(4) }) -join "`n"
            $ast = [Management.Automation.Language.Parser]::ParseInput($code, [ref] $null, [ref] $null)
            $commands = $ast.FindAll({ $args[0] -is [Management.Automation.Language.CommandAst] }, $true)
            foreach ($command in $commands) {
                $known = Get-Command $command.GetCommandName() -Module Btmm -ErrorAction Ignore
                if (-not $known) { continue }
                foreach ($parameter in $command.CommandElements | Where-Object { $_ -is [Management.Automation.Language.CommandParameterAst] }) {
                    { $known.ResolveParameter($parameter.ParameterName) } | Should -Not -Throw -Because "$($example.title): $($command.Extent.Text)"
                }
            }
        }
    }

    It 'has a topic about Btmm' {
        Get-Help about_Btmm | Out-String | Should -BeLike '*Reach your own machines by name*'
    }
}
