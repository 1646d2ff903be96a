#!/usr/bin/env bash
# Builds Btmm and runs every test suite; ends with "N passed, N failed, N skipped".
#
#   tests/run.sh                     everything
#   tests/run.sh Protocol Interop    only the suites whose names contain one of the words ("Pester" is one)
#
# Needs Debian 12 and the .NET SDK 10. As root it installs the daemons that the interop tests talk to;
# without root the tests that need rights or daemons are skipped, and say why.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1
export BTMM_FUZZ_SECONDS=${BTMM_FUZZ_SECONDS:-60}   # each parser for a minute
config=${BTMM_CONFIGURATION:-Release}
passed=0 failed=0 skipped=0
unsteady=()   # what passed only at the second try, and
failures=()   # what failed, each with its reasons
words=("$@")
declare -A begun   # the processes of suites that run beside others
logs=$(mktemp -d)
trap 'kill "${begun[@]}" 2>/dev/null; rm -rf "$logs"' EXIT

note() { printf '\n== %s\n' "$*"; }
wanted() { # SUITE
  [[ ${#words[@]} -eq 0 ]] && return 0
  local word
  for word in "${words[@]}"; do [[ $1 == *"$word"* ]] && return 0; done
  return 1
}

# number FIELD LINE: the number after "FIELD: ".
number() { sed -n "s/.*$1: \([0-9]*\).*/\1/p" <<<"$2"; }

# reasons LOG: each failure in it with the first lines of why and where, or the last lines of a log without any.
reasons() {
  awk '/^    [^ ].*\[FAIL\]$|^    \[(Test .* Cleanup Failure|FATAL ERROR)|^(Process terminated|Unhandled exception)/ { left = 20 }
       /^ *Stack Trace:/ && left > 5 { left = 5 }
       /^ *(Output|Finished):/ { left = 0 }
       left-- > 0 { print; found = 1 }
       END { exit !found }' "$1" || tail -n 10 "$1"
}

# prepare PROJECT TESTS...: sets command to what runs all its tests, or those.
prepare() {
  local name
  command=(timeout --kill-after=30 1800 "tests/$1/bin/$config/net10.0/$1" -noLogo -noColor -longRunning 300)
  for name in "${@:2}"; do command+=(-method "$name"); done
  # How long each interruption was; the fuzzer's seed.
  if [[ $1 == *Interop* || $1 == *Fuzz* ]]; then command+=(-showLiveOutput); fi
}

# begin PROJECT: runs its tests beside what comes next, with what that leaves of the processors, until run_tests asks for it.
begin() {
  local command
  prepare "$1"
  nice -n 19 "${command[@]}" >"$logs/$1" 2>&1 </dev/null &
  begun[$1]=$!
}

# run_tests PROJECT TESTS...: runs all its tests, or those; sets total, fails (errors among them), skips, why (the reasons) and
# broken (the tests that failed and may be tried again; none when something else failed, too).
run_tests() {
  local log=$logs/$1 command summary code
  if [[ -n ${begun[$1]:-} ]]; then
    wait "${begun[$1]}"
    code=$?
    unset "begun[$1]"
    cat "$log"
  else
    prepare "$@"
    "${command[@]}" 2>&1 </dev/null | tee "$log"
    code=${PIPESTATUS[0]}
  fi
  summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+' "$log" | tail -n 1)
  total=0 fails=1 skips=0 broken=()
  why=$(reasons "$log")
  if [[ -z $summary ]]; then
    why="$1 ended with code $code and without a summary"$'\n'$why
    return
  fi
  total=$(number Total "$summary") skips=$(number Skipped "$summary")
  fails=$(($(number Failed "$summary") + $(number Errors "$summary")))
  if [[ $code -eq 1 && $(number Errors "$summary") -eq 0 ]]; then
    # What the fuzzer finds with one seed is not unfound by another.
    [[ $1 == *Fuzz* ]] || mapfile -t broken < <(sed -nE 's/^    ([A-Za-z0-9_.+]+)(\(.*\))? \[FAIL\]$/\1/p' "$log" | sort -u)
  elif [[ $code -ne 0 ]]; then
    why="$1 ended with code $code"$'\n'$why
    if [[ $fails -eq 0 ]]; then fails=1; fi
  fi
}

# run_files Pester FILES...: the same for the tests of PowerShell, by file.
run_files() {
  local log=$logs/$1 line passes IFS=,
  timeout --kill-after=30 1500 "$pwsh" -NoProfile -NonInteractive -File tests/Pester/run.ps1 -Name "${*:2}" 2>&1 </dev/null | tee "$log"
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed, [0-9]+ skipped$' "$log" | tail -n 1)
  total=0 fails=1 skips=0 broken=()
  why=$(awk '/^FAILED: / || (found && /^ /) { print; found = 1; next } { found = 0 }' "$log")
  if [[ -z $line ]]; then
    why="$1 ended without its closing line"$'\n'$(tail -n 10 "$log")
    return
  fi
  IFS=' ' read -r passes _ fails _ skips _ <<<"$line"
  total=$((passes + fails + skips))
  mapfile -t broken < <(sed -nE 's/^FAILED: ([A-Za-z]+)\.Tests\.ps1: .*/\1/p' "$log" | sort -u)
}

run_suite() { # RUNNER SUITE
  local total fails skips broken why
  note "$2"
  "$1" "$2"
  if [[ ${#broken[@]} -gt 0 && $fails -le 3 ]]; then try_again "$@"; fi
  if [[ $total -gt 0 ]]; then passed=$((passed + total - fails - skips)); fi
  if [[ $fails -gt 0 ]]; then failures+=("$why"); fi
  failed=$((failed + fails))
  skipped=$((skipped + skips))
}

# Daemons, networks and clocks of a busy machine can fail a test now and then: up to three get a second try, which is
# told at the end. What fails twice has failed. What a fixture left behind, or a crash, gets no second try.
try_again() { # RUNNER SUITE
  local first=("$total" "$skips" "$fails" "$why")
  note "$2: a second try for ${broken[*]}"
  "$1" "$2" "${broken[@]}"
  if [[ $total -eq 0 && $fails -eq 0 ]]; then   # nothing has such a name
    fails=${first[2]} why=${first[3]}
  elif [[ $fails -eq 0 ]]; then
    unsteady+=("${first[3]}")
  fi
  total=${first[0]} skips=${first[1]}
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
  local pwsh
  pwsh=$(find_pwsh)
  if [[ -z $pwsh ]]; then skip_pester "there is no pwsh on PATH and the PowerShell .NET tool could not be installed"; return; fi
  if ! have_pester "$pwsh" && ! { install_pester "$pwsh" && have_pester "$pwsh"; }; then
    skip_pester "pwsh has no Pester 5 and Install-PSResource could not install it"
    return
  fi
  run_suite run_files Pester
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
  suite=${project#tests/}
  [[ $suite == *Fuzz* || $suite == *Interop* ]] || ! wanted "$suite" || run_suite run_tests "$suite"
done
# The one is all work, the other mostly waits.
wanted Btmm.Fuzz.Tests && begin Btmm.Fuzz.Tests
for suite in Btmm.Interop.Tests Btmm.Fuzz.Tests; do wanted "$suite" && run_suite run_tests "$suite"; done
wanted Pester && run_pester

# told TITLE REASONS...: not more of one than helps.
told() {
  [[ $# -gt 1 ]] || return 0
  printf '\n%s\n' "$1"
  printf '%s\n' "${@:2}" | head -n 150 | cut -c 1-300
}
told "Passed only at the second try, and worth a look:" "${unsteady[@]}"
told "Failed:" "${failures[@]}"
printf '\n%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[[ $failed -eq 0 && $passed -gt 0 ]]
