@{
    RootModule           = 'module/Btmm.psm1'
    ModuleVersion        = '0.1.0'
    GUID                 = '0f6f3a52-6a4e-4c0c-9b0b-5d1f8f7f2b61'
    Author               = 'The Btmm authors'
    CompanyName          = 'Btmm'
    Copyright            = '(c) The Btmm authors. MIT licence.'
    Description          = 'Reach your own machines by name from anywhere, through NATs, encrypted end to end: port mapping, dynamic DNS with a zone of your own, and IPsec tunnels that survive roaming.'
    PowerShellVersion    = '7.6'
    CompatiblePSEditions = @('Core')
    FormatsToProcess     = @('module/Btmm.Format.ps1xml')
    TypesToProcess       = @('module/Btmm.Types.ps1xml')
    FunctionsToExport    = @()
    AliasesToExport      = @()
    VariablesToExport    = @()
    CmdletsToExport      = @(
        'Export-BtmmAccount'
        'Export-BtmmZone'
        'Get-BtmmDnsServer'
        'Get-BtmmGateway'
        'Get-BtmmPeer'
        'Get-BtmmRecord'
        'Get-BtmmTsigKey'
        'Get-BtmmTunnel'
        'Get-BtmmZone'
        'Get-NatPmpMapping'
        'Import-BtmmAccount'
        'Import-BtmmTsigKey'
        'Import-BtmmZone'
        'New-BtmmAccount'
        'New-BtmmTsigKey'
        'New-BtmmZone'
        'New-NatPmpMapping'
        'Publish-BtmmRecord'
        'Register-BtmmService'
        'Remove-BtmmTsigKey'
        'Remove-BtmmZone'
        'Remove-NatPmpMapping'
        'Resolve-BtmmName'
        'Start-BtmmDnsServer'
        'Start-BtmmTunnel'
        'Stop-BtmmDnsServer'
        'Stop-BtmmTunnel'
        'Test-BtmmGateway'
        'Test-BtmmTunnel'
        'Unpublish-BtmmRecord'
        'Unregister-BtmmService'
        'Update-BtmmRecord'
        'Update-NatPmpMapping'
        'Watch-BtmmPeer'
    )
    PrivateData          = @{
        PSData = @{
            Tags       = @('VPN', 'DNS', 'NAT', 'NAT-PMP', 'PCP', 'UPnP', 'IPsec', 'Network', 'Linux', 'BackToMyMac')
        }
    }
}
