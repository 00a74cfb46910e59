#!/usr/bin/env bash
# Runs tests and builds of other projects twice, in a copy of their files in a directory and where a run without a sandbox shows the same files at
# /vrift, and compares them test by test. Prints for each suite how many there were, what differs, and whether the store is whole after it; the exit
# status is non-zero where something differs that scripts/suites/differences.list does not tell. Usage: scripts/suites.sh [SUITE...]
#
# A suite is scripts/suites/NAME.sh: "fetch DIRECTORY" leaves what the tree has in DIRECTORY/tree, from the system's package archive; "run" runs in
# the tree, $T, and writes a line "TEST RESULT" for each test to $OUT/results; least=N tells how many tests it has at least. What suites need
# besides comes through scripts/packages.sh.
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
here=$repository/scripts/suites
velo=${VELO_HOME:-$repository/runner/target/velo}/bin/velo
[ -x "$velo" ] || { echo "cannot find $velo: it is not built; run scripts/quickstart.sh" >&2; exit 1; }
[ ! -e /vrift ] || { echo "cannot compare: /vrift is there without a run; remove it" >&2; exit 1; }
# Fetched and built once, and kept.
kept=${VELO_SUITES:-$repository/it/target/cache/suites}
mkdir -p "$kept"
kept=$(cd "$kept" && pwd)

. "$repository/scripts/packages.sh"
need dpkg-dev command -v dpkg-source
need cmake command -v cmake
need gcc command -v gcc
need golang-go command -v go
need make command -v make
need stress-ng command -v stress-ng
need tcl command -v tclsh
need zlib1g-dev test -e /usr/include/zlib.h
install_missing

suites=("$@")
if [ ${#suites[@]} -eq 0 ]; then
  for suite in "$here"/*.sh; do
    suite=$(basename "$suite" .sh)
    [ "$suite" = sources ] || suites+=("$suite")
  done
fi

place=$(mktemp -d)
jobs=()
finish() {
  for job in "${jobs[@]}"; do kill "$job" 2>/dev/null || true; done
  wait
  chmod -R u+rwX "$place"
  rm -rf "$place"
}
trap finish EXIT
export VR_THE_SOURCE=$place/store LC_ALL=C.UTF-8 TZ=UTC
unset CDPATH

# known SUITE: the tests of a suite that may differ, one a line; * stands for any characters.
known() {
  sed -n "s/^$1 //p" "$here/differences.list"
}

# differences SUITE: the lines of both results that are not the same, "TEST: FIRST SECOND".
differences() {
  join -t "$(printf '\t')" -a 1 -a 2 -e none -o 0,1.2,2.2 "$place/$1/native/sorted" "$place/$1/shown/sorted" |
    awk -F '\t' '$2 != $3 { print $1 ": " $2 " in a directory, " $3 " in the tree" }'
}

# A name may have blanks, the result is the last word; of several of one name the last one counts.
sorted() {
  sed -E 's/ ([^ ]+)$/\t\1/' "$1/results" | awk -F '\t' '{ last[$1] = $2 } END { for (name in last) print name "\t" last[name] }' |
    LC_ALL=C sort -t "$(printf '\t')" -k 1,1 >"$1/sorted"
}

# kinds FILE: how many of these results tell of success, how many of a test that did not run. In some suites a result is what a test has made.
kinds() {
  awk -F '\t' '$2 ~ /^(0|ok|PASS|passed|ended-with-0)$/ { passed++; next } tolower($2) ~ /skip/ { skipped++; next } { others++ }
    END { printf "%d passed, %d skipped, %d with another result", passed, skipped, others }' "$1"
}

# compare SUITE: prints what differs; false where nobody has told why.
compare() {
  local suite=$1 line pattern status=0 told all least
  for side in native shown; do
    sorted "$place/$suite/$side"
    echo "$suite, $side: $(wc -l <"$place/$suite/$side/sorted") tests:$(cut -f 2 "$place/$suite/$side/sorted" | sort | uniq -c | sort -rn | head -n 5 |
      awk '{ printf " %s %s,", $1, $2 }' | sed 's/,$//')"
  done
  all=$(wc -l <"$place/$suite/native/sorted")
  least=$(sed -n 's/^least=//p' "$here/$suite.sh")
  [ -n "$least" ] || { echo "failed: $suite does not tell how many tests it has; add least=N to $here/$suite.sh"; return 1; }
  # What keeps tests from running keeps them from running in both places.
  [ "$all" -ge "$least" ] || { echo "failed: $suite ran $all tests, and it has at least $least"; return 1; }
  LC_ALL=C comm -12 "$place/$suite/native/sorted" "$place/$suite/shown/sorted" >"$place/$suite/same"
  echo "$suite: $all tests, the same in both $(wc -l <"$place/$suite/same"): $(kinds "$place/$suite/same")"
  differences "$suite" >"$place/$suite/differences"
  while read -r line; do
    told=
    while read -r pattern; do
      # shellcheck disable=SC2053 # a pattern
      if [[ -n $pattern && $line == $pattern:* ]]; then told=$pattern; fi
    done < <(known "$suite")
    if [ -n "$told" ]; then
      echo "known: $suite $line"
      echo "$told" >>"$place/$suite/told"
    else
      echo "differs: $suite $line"
      status=1
    fi
  done <"$place/$suite/differences"
  known "$suite" | grep -vxF -f <(cat "$place/$suite/told" 2>/dev/null || true) | sed "s/^/listed, and the same: $suite /" || true
  return "$status"
}

run_suite() {
  local suite=$1 status=0 own=$place/$1 job
  mkdir -p "$kept/$suite" "$own/native" "$own/shown" "$own/copy"
  if [ ! -e "$kept/$suite/fetched" ]; then
    bash "$here/$suite.sh" fetch "$kept/$suite" || { echo "failed: cannot fetch the suite $suite"; return 1; }
    touch "$kept/$suite/fetched"
  fi
  "$velo" ingest "$kept/$suite/tree" --output "$own/tree.velo" >/dev/null 2>&1
  cp -a "$kept/$suite/tree/." "$own/copy/"
  T=$own/copy OUT=$own/native BUILT=$kept/$suite/tree nice bash "$here/$suite.sh" run </dev/null >"$own/native/log" 2>&1 &
  job=$!
  jobs=("$job")
  T=/vrift OUT=$own/shown BUILT=$kept/$suite/tree nice "$velo" run --manifest "$own/tree.velo" -- /bin/bash "$here/$suite.sh" run \
    </dev/null >"$own/shown/log" 2>&1 || { echo "failed: $suite under the run ended with status $?: $(tail -n 3 "$own/shown/log")"; status=1; }
  wait "$job" || { echo "failed: $suite in a directory ended with status $?: $(tail -n 3 "$own/native/log")"; status=1; }
  jobs=()
  compare "$suite" || status=1
  "$velo" verify >"$own/verify" || { echo "failed: the store is not whole after $suite: $(cat "$own/verify")"; status=1; }
  if [ -n "${VELO_SUITES_LOGS:-}" ]; then
    mkdir -p "$VELO_SUITES_LOGS/$suite"
    cp -a "$own/native" "$own/shown" "$VELO_SUITES_LOGS/$suite/"
  fi
  chmod -R u+rwX "$own"
  rm -rf "$own"
  return "$status"
}

failed=0
for suite in "${suites[@]}"; do
  [ -f "$here/$suite.sh" ] || { echo "cannot run $suite: there is no $here/$suite.sh" >&2; exit 2; }
  run_suite "$suite" || failed=$((failed + 1))
done
echo "${#suites[@]} suites, $failed with differences or failures"
[ "$failed" -eq 0 ]
