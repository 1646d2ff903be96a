# Loads the module's assembly from module/bin, where the build puts it. Nothing but loading happens here.
# Its assemblies use the .NET libraries alone, so there is no third-party version to keep apart from other modules': the
# zone service's SQLite store, which needs one, is btmmd's and is not loaded here.
$assembly = [IO.Path]::Combine($PSScriptRoot, 'bin', 'Btmm.PowerShell.dll')
if (-not [IO.File]::Exists($assembly)) {
    throw "Btmm is not built: $assembly is missing. Run 'dotnet build Btmm.slnx' in the checkout, then import again."
}
Import-Module -Name $assembly
