<#
.SYNOPSIS
    Runs the Pester tests in the real pwsh and ends with "N passed, N failed, N skipped".
.PARAMETER Name
    Only the test files whose names contain one of these words.
#>
param([string[]] $Name = @())

$ErrorActionPreference = 'Stop'
Import-Module Pester -MinimumVersion 5.0

$Name = @($Name -split ',' | Where-Object { $_ })
$files = @(Get-ChildItem $PSScriptRoot -Filter *.Tests.ps1 | Where-Object {
    $file = $_.Name
    -not $Name -or ($Name | Where-Object { $file -like "*$_*" })
})

if (-not $files) { throw "No test file's name contains one of: $Name" }

$configuration = New-PesterConfiguration
$configuration.Run.Path = $files.FullName
$configuration.Run.PassThru = $true
$configuration.Output.Verbosity = 'Detailed'
$configuration.Output.RenderMode = 'Plaintext'
$result = Invoke-Pester -Configuration $configuration

# A test that never ran, and a block or file that could not be set up, count as failures.
$failed = $result.FailedCount + $result.FailedBlocksCount + $result.FailedContainersCount + $result.InconclusiveCount
$skipped = @($result.Tests | Where-Object Result -eq 'Skipped')
foreach ($item in @($result.Failed) + @($result.FailedBlocks) + @($result.FailedContainers)) {
    $file = Split-Path -Leaf ($item.PSObject.Properties['Item'] ? $item.Item : $item.ScriptBlock.File)
    "FAILED: ${file}: $($item.PSObject.Properties['Item'] ? 'the file itself' : $item.ExpandedPath)"
    "$($item.ErrorRecord[0])" -split '\r?\n' | Select-Object -First 12 | ForEach-Object { "    $_" }
}
foreach ($test in $skipped) { "SKIPPED: $($test.ExpandedPath)" }
"$($result.PassedCount) passed, $failed failed, $($skipped.Count) skipped"
exit [int]($failed -gt 0)
