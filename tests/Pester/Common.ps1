# Shared by all test files: loads the built module and offers a zone service on loopback.
$root = (Resolve-Path "$PSScriptRoot/../..").Path
Import-Module "$root/Btmm.psd1"
