#!/usr/bin/env pwsh
<#
.SYNOPSIS
    Builds, tests or tries Btmm.
.DESCRIPTION
    Build      compiles the solution and lays the module's assemblies into module/bin.
    Test       builds and runs every suite, Pester's among them (on Linux: tests/run.sh).
    Bench      compares the tunnel with wireguard-go (Linux, root).
    Quickstart runs the demonstration in network namespaces (Linux).
    Clean      removes what the build made.
.EXAMPLE
    ./build.ps1
    Builds in Release.
.EXAMPLE
    ./build.ps1 -Task Test -Suite Protocol, Core
    Runs the two suites whose names contain Protocol or Core.
.EXAMPLE
    ./build.ps1 -Task Build, Quickstart
#>
[CmdletBinding()]
param(
    # What to do, in this order.
    [ValidateSet('Build', 'Test', 'Bench', 'Quickstart', 'Clean')]
    [string[]] $Task = 'Build',

    # The build configuration.
    [ValidateSet('Release', 'Debug')]
    [string] $Configuration = 'Release',

    # For Test: only suites whose names contain one of these words.
    [string[]] $Suite = @()
)

$ErrorActionPreference = 'Stop'
Set-StrictMode -Version 3
$root = $PSScriptRoot

function Invoke-Tool([string] $Path, [string[]] $Arguments) {
    & $Path @Arguments
    if ($LASTEXITCODE -ne 0) { throw "$Path ended with code $LASTEXITCODE." }
}

function Invoke-Build {
    Invoke-Tool dotnet 'build', "$root/Btmm.slnx", '-c', $Configuration, '-v', 'quiet', '-nologo'
}

function Invoke-Test {
    if ($IsLinux) {
        $env:BTMM_CONFIGURATION = $Configuration
        Invoke-Tool bash (@("$root/tests/run.sh") + $Suite)
        return
    }
    Invoke-Build
    foreach ($project in Get-ChildItem "$root/tests" -Directory -Filter *.Tests) {
        if ($Suite -and -not ($Suite | Where-Object { $project.Name -like "*$_*" })) { continue }
        Invoke-Tool "$project/bin/$Configuration/net10.0/$($project.Name)" '-noLogo'
    }
    if (-not $Suite -or $Suite -contains 'Pester') { & "$root/tests/Pester/run.ps1" }
}

function Remove-BuildOutput {
    Get-ChildItem "$root/src", "$root/tests" -Directory -Recurse -Include bin, obj | Remove-Item -Recurse -Force
    Remove-Item "$root/module/bin" -Recurse -Force -ErrorAction Ignore
}

foreach ($step in $Task) {
    switch ($step) {
        'Build' { Invoke-Build }
        'Test' { Invoke-Test }
        'Bench' { Invoke-Tool bash @("$root/tests/bench/tunnel.sh") }
        'Quickstart' { Invoke-Tool bash @("$root/examples/quickstart.sh") }
        'Clean' { Remove-BuildOutput }
    }
}
