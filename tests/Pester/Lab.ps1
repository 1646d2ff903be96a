# A small internet of network namespaces, for tests that need a real gateway. Dot-source in BeforeDiscovery for
# $labReason, the reason why there can be no lab here (or nothing), and in BeforeAll for the functions.
$labPrefix = "bp$PID-"
$labScript = (Resolve-Path "$PSScriptRoot/../lab/lab.sh").Path
$labReason = if (-not $IsLinux) { 'needs Linux' }
    elseif ((id -u) -ne '0') { 'needs root' }
    elseif (-not (Get-Command ip, nft -CommandType Application -ErrorAction Ignore) -or -not (Test-Path /usr/sbin/miniupnpd)) { 'needs ip, nft and miniupnpd' }
    else {
        $null = & unshare --net true 2>&1
        if ($LASTEXITCODE) { 'network namespaces cannot be made here' }
    }

# Labs of runs that were killed: their processes are gone.
foreach ($state in Get-Item /run/bp*-lab -ErrorAction Ignore) {
    $owner = $state.Name -replace '^bp(\d+)-lab$', '$1'
    if (-not (Test-Path "/proc/$owner")) { $null = & env "LAB_PREFIX=bp$owner-" bash $labScript down 2>&1 }
}

function Invoke-Lab {
    $env:LAB_PREFIX = $labPrefix
    $env:LAB_QUIET = '1'
    $lines = & bash $labScript @args 2>&1
    if ($LASTEXITCODE) { throw "lab.sh $args ended with code ${LASTEXITCODE}: $lines" }
    $lines
}

# Runs a script in a pwsh of its own inside a node of the lab; its output is lines of text. What it maps is remembered per node.
function Invoke-InLab([string] $Node, [string] $Script) {
    & ip netns exec "$labPrefix$Node" $pwsh -NoProfile -NonInteractive -Command "`$env:XDG_STATE_HOME += '/$Node'; `$ErrorActionPreference = 'Stop'; `$ProgressPreference = 'SilentlyContinue'; Import-Module '$root/Btmm.psd1'; $Script" 2>&1 | ForEach-Object { "$_" }
}
