# Shared by all test files: loads the built module and offers a zone service on loopback.
$root = (Resolve-Path "$PSScriptRoot/../..").Path
Import-Module "$root/Btmm.psd1"

# The pwsh that runs these tests, for sessions of their own.
$pwsh = (Get-Process -Id $PID).Path
