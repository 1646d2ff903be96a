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
unsteady=()   # tests that passed only at the second try
failures=()   # what failed, each with the first lines of why
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

# run_tests PROJECT OPTIONS...: runs its tests; sets total, fails (errors among them), skips, broken (names) and why
# (the first lines of each failure, or the last of a run that ended early).
run_tests() {
  local log summary code
  log=$(mktemp)
  timeout --kill-after=30 2400 "tests/$1/bin/$config/net10.0/$1" -noLogo -noColor "${@:2}" 2>&1 </dev/null | tee "$log"
  code=${PIPESTATUS[0]}
  summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+' "$log" | tail -n 1)
  mapfile -t broken < <(sed -nE 's/^ *([A-Za-z0-9_.]+)(\(.*\))? \[FAIL\].*/\1/p' "$log" | sort -u)
  why=$(grep -A 9 '\[FAIL\]' "$log" || tail -n 10 "$log")
  rm -f "$log"
  total=0 fails=1 skips=0
  if [[ -z $summary ]]; then
    why="$1 ended with code $code and without a summary"$'\n'$why
    return
  fi
  total=$(number Total "$summary") skips=$(number Skipped "$summary")
  fails=$(($(number Failed "$summary") + $(number Errors "$summary")))
  if [[ $code -ne 0 && $fails -eq 0 ]]; then
    why="$1 ended with code $code"$'\n'$why
    fails=1
  fi
}

run_suite() { # PROJECT
  local total fails skips broken why show=()
  [[ $1 == *Interop* ]] && show=(-showLiveOutput)   # how long each interruption was
  # Each parser for a minute, as many at a time as makes some three minutes on two processors; shows the seed.
  if [[ $1 == *Fuzz* ]]; then
    show=(-showLiveOutput)
    export BTMM_FUZZ_SECONDS=${BTMM_FUZZ_SECONDS:-60}
  fi
  note "$1"
  run_tests "$1" "${show[@]}"
  if [[ $total -gt 0 && $fails -gt 0 && $fails -le 3 && ${#broken[@]} -gt 0 ]]; then try_again "$1"; fi
  if [[ $total -gt 0 ]]; then passed=$((passed + total - fails - skips)); fi
  if [[ $fails -gt 0 ]]; then failures+=("$why"); fi
  failed=$((failed + fails))
  skipped=$((skipped + skips))
}

# Daemons, networks and clocks of a busy machine can fail a test now and then: up to three get a second try, which is
# told at the end. What fails twice has failed.
try_again() { # PROJECT
  local first=("${broken[@]}") all=$total ran_skips=$skips name options=()
  note "$1: a second try for ${first[*]}"
  for name in "${first[@]}"; do options+=(-method "$name"); done
  run_tests "$1" "${options[@]}"
  if [[ $total -gt 0 && $fails -eq 0 ]]; then unsteady+=("${first[@]}"); fi
  total=$all skips=$ran_skips
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
# pester PWSH: runs the suite, shown on standard error; prints its closing line.
pester() {
  timeout --kill-after=30 1500 "$1" -NoProfile -NonInteractive -File tests/Pester/run.ps1 2>&1 </dev/null |
    tee >(cat >&2) | grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped' | tail -n 1
}
run_pester() {
  local pwsh line p f s
  note "Pester"
  pwsh=$(find_pwsh)
  if [[ -z $pwsh ]]; then skip_pester "there is no pwsh on PATH and the PowerShell .NET tool could not be installed"; return; fi
  if ! have_pester "$pwsh" && ! { install_pester "$pwsh" && have_pester "$pwsh"; }; then
    skip_pester "pwsh has no Pester 5 and Install-PSResource could not install it"
    return
  fi
  line=$(pester "$pwsh")
  read -r _ _ f _ <<<"${line//,/}"
  if [[ -n $line && $f -gt 0 && $f -le 3 ]]; then
    note "Pester: a second try"
    line=$(pester "$pwsh")
    read -r _ _ f _ <<<"${line//,/}"
    if [[ -n $line && $f -eq 0 ]]; then unsteady+=("Pester tests, see above"); fi
  fi
  if [[ -z $line ]]; then
    failures+=("the Pester run ended without its closing line")
    failed=$((failed + 1))
    return
  fi
  if [[ $f -gt 0 ]]; then failures+=("Pester tests, see FAILED above"); fi
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

if [[ ${#unsteady[@]} -gt 0 ]]; then
  printf '\nPassed only at the second try, and worth a look:\n'
  printf '  %s\n' "${unsteady[@]}"
fi
if [[ ${#failures[@]} -gt 0 ]]; then
  printf '\nFailed:\n'
  printf '%s\n' "${failures[@]}" | head -n 100 | cut -c 1-300
fi
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[[ $failed -eq 0 && $passed -gt 0 ]]
