#!/usr/bin/env bash
# Builds Btmm and runs every test suite; ends with "N passed, N failed, N skipped".
#
#   tests/run.sh                     everything
#   tests/run.sh Protocol Interop    only the suites whose names contain one of the words ("Pester" is one)
#
# Needs Debian 12 and the .NET SDK 10. As root it installs the daemons that the interop tests talk to;
# without root the tests that need rights or daemons are skipped, and say why.
set -uo pipefail
cd "$(dirname "$0")/.."
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
config=${BTMM_CONFIGURATION:-Release}
passed=0 failed=0 skipped=0
words=("$@")

note() { printf '\n== %s\n' "$*"; }
wanted() { # SUITE
  [[ ${#words[@]} -eq 0 ]] && return 0
  local word
  for word in "${words[@]}"; do [[ $1 == *"$word"* ]] && return 0; done
  return 1
}

# number FIELD LINE: the number after "FIELD: ".
number() { sed -n "s/.*$1: \([0-9]*\).*/\1/p" <<<"$2"; }

run_suite() { # PROJECT
  local log summary total errors fails skips code show=()
  [[ $1 == *Interop* ]] && show=(-showLiveOutput)   # how long each interruption was
  log=$(mktemp)
  note "$1"
  # A .NET process that a test kills would leave its debugger's pipes in /tmp.
  DOTNET_EnableDiagnostics=0 timeout --kill-after=30 2400 "tests/$1/bin/$config/net10.0/$1" -noLogo -noColor "${show[@]}" 2>&1 </dev/null | tee "$log"
  code=${PIPESTATUS[0]}
  summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+' "$log" | tail -n 1)
  rm -f "$log"
  if [[ -z $summary ]]; then
    echo "$1 ended with code $code and without a summary"
    failed=$((failed + 1))
    return
  fi
  total=$(number Total "$summary") errors=$(number Errors "$summary")
  fails=$(number Failed "$summary") skips=$(number Skipped "$summary")
  passed=$((passed + total - fails - skips))
  failed=$((failed + fails + errors))
  skipped=$((skipped + skips))
  if [[ $code -ne 0 && $((fails + errors)) -eq 0 ]]; then
    echo "$1 ended with code $code"
    failed=$((failed + 1))
  fi
}

# The ordinary ways to a PowerShell and to Pester; neither is required.
find_pwsh() {
  command -v pwsh && return 0
  local tools=$PWD/tests/TestResults/tools
  [[ -x $tools/pwsh ]] || timeout 300 dotnet tool install PowerShell --tool-path "$tools" --version '7.6.*' >/dev/null 2>&1
  [[ -x $tools/pwsh ]] && echo "$tools/pwsh"
}
have_pester() { "$1" -NoProfile -NonInteractive -Command 'if (-not (Get-Module -ListAvailable Pester | Where-Object Version -ge "5.0")) { exit 1 }'; }
install_pester() {
  timeout 300 "$1" -NoProfile -NonInteractive -Command 'Install-PSResource Pester -TrustRepository -Reinstall' >/dev/null 2>&1
}
skip_pester() { # REASON
  local count
  count=$(cat tests/Pester/*.Tests.ps1 2>/dev/null | grep -cE '^\s*It ')
  echo "SKIPPED: $count Pester tests: $1"
  skipped=$((skipped + count))
}
run_pester() {
  local pwsh log line
  note "Pester"
  pwsh=$(find_pwsh)
  if [[ -z $pwsh ]]; then skip_pester "there is no pwsh on PATH and the PowerShell .NET tool could not be installed"; return; fi
  if ! have_pester "$pwsh" && ! { install_pester "$pwsh" && have_pester "$pwsh"; }; then
    skip_pester "pwsh has no Pester 5 and Install-PSResource could not install it"
    return
  fi
  log=$(mktemp)
  timeout --kill-after=30 1500 "$pwsh" -NoProfile -NonInteractive -File tests/Pester/run.ps1 2>&1 </dev/null | tee "$log"
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped' "$log" | tail -n 1)
  rm -f "$log"
  if [[ -z $line ]]; then
    echo "the Pester run ended without its closing line"
    failed=$((failed + 1))
    return
  fi
  read -r p _ f _ s _ <<<"${line//,/}"
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

if [[ $(id -u) -eq 0 ]]; then
  note "installing what the tests talk to"
  tests/lab/lab.sh install || echo "some packages could not be installed; the tests that need them are skipped"
fi

note "building ($config)"
if ! dotnet build Btmm.slnx -c "$config" -v quiet -nologo -clp:ErrorsOnly; then
  echo "the build failed"
  echo "0 passed, 1 failed, 0 skipped"
  exit 1
fi

for project in tests/*.Tests; do
  wanted "${project#tests/}" && run_suite "${project#tests/}"
done
wanted Pester && run_pester

printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[[ $failed -eq 0 && $passed -gt 0 ]]
