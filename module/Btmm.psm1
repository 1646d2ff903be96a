# Loads the module's assembly from module/bin, where the build puts it. Nothing but loading happens here: the zone service and
# what it needs from others wait in module/bin/server for the module's own load context.
$assembly = [IO.Path]::Combine($PSScriptRoot, 'bin', 'Btmm.PowerShell.dll')
if (-not [IO.File]::Exists($assembly)) {
    throw "Btmm is not built: $assembly is missing. Run 'dotnet build Btmm.slnx' in the checkout, then import again."
}
Import-Module -Name $assembly
