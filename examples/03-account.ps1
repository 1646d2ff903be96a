# How a second host joins: the account travels in a file that only the passphrase opens.
#Requires -Version 7.6
param(
    # The file; a temporary one unless given.
    [string] $Path = (Join-Path ([IO.Path]::GetTempPath()) "alice-$PID.btmm"),

    # The passphrase; asked for unless given.
    [securestring] $Passphrase = (Read-Host 'Passphrase (8 characters or more)' -AsSecureString)
)
$ErrorActionPreference = 'Stop'
Import-Module "$PSScriptRoot/../Btmm.psd1"

# On the first host:
$account = New-BtmmAccount -Domain alice.members.example.net -Server zone.example.net
try {
    $account | Export-BtmmAccount -Path $Path -Passphrase $Passphrase -PassThru | Select-Object Name, Length

    # On the second one, with the file brought there:
    Import-BtmmAccount -Path $Path -Passphrase $Passphrase
}
finally {
    Remove-Item $Path -ErrorAction Ignore
}
