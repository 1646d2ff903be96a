# Shared by all test files: loads the built module and offers a zone service on loopback.
$root = (Resolve-Path "$PSScriptRoot/../..").Path
Import-Module "$root/Btmm.psd1"

# What the tests map is remembered apart from what this user has mapped.
$env:XDG_STATE_HOME = "$TestDrive/state"

# The pwsh that runs these tests, for sessions of their own.
$pwsh = (Get-Process -Id $PID).Path

# Starts the zone service of a new account on a free loopback port; stop it with Remove-Job -Force.
function Start-TestZone([string] $Domain = 'alice.example.net') {
    $account = New-BtmmAccount $Domain
    $job = Start-BtmmDnsServer -Account $account -Address 127.0.0.1 -Port 0
    [pscustomobject]@{
        Account = $account
        Job     = $job
        Server  = "127.0.0.1:$($job.Port)"
        At      = @{ Account = $account; Server = "127.0.0.1:$($job.Port)" }
    }
}

# Publishes by hand what a node publishes for one host.
function Publish-TestHost($Zone, [string] $Name, [string] $Identifier, [string] $Address, [int] $Port) {
    $at = $Zone.At
    $target = "AutoTunnel-$Name"
    Publish-BtmmRecord @at $Name AAAA $Identifier
    Publish-BtmmRecord @at $target AAAA $Identifier
    Publish-BtmmRecord @at $target A $Address
    Publish-BtmmRecord @at $target TXT 'model=desktop', 'os=linux'
    Publish-BtmmRecord @at "_autotunnel._udp.$Name" SRV -Port $Port -Target $target
    Publish-BtmmRecord @at _autotunnel._udp PTR -Target "_autotunnel._udp.$Name" -Append
}

# Waits until a condition holds; fails the test when it does not within a generous time.
function Wait-Until([scriptblock] $Condition, [int] $Seconds = 30) {
    $until = [datetime]::UtcNow.AddSeconds($Seconds)
    while (-not (& $Condition)) {
        if ([datetime]::UtcNow -gt $until) { throw "not within $Seconds s: $Condition" }
        Start-Sleep -Milliseconds 50
    }
}
