#!/usr/bin/env bash
# The quick audit of a farm beside `find -ls` of the same farm, in turn, and what farms take. Usage: bench/audit.sh [DIRECTORY]
# FILES, PER_DIRECTORY, DEPTH, MEAN_SIZE and ROUNDS change the tree and the number of rounds.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/tree.sh"

prepare audit "$@"
make_tree "$place/tree"
"$velo" ingest "$place/tree" --output "$place/m.velo" >/dev/null
placement=${PLACEMENT:-hardlink}
"$velo" warm --placement "$placement" "$place/m.velo"
"$velo" status | grep farms
farm=$(echo "$VR_THE_SOURCE"/farms/*)
echo "blocks of directories and of files without another name: $(find "$farm/tree" \( -type d -o -links 1 \) -printf '%b\n' | awk '{ n += $1 } END { print n * 512 }') bytes"

# A process that audits again and again, as one that stays would: 20 audits, of which the median of the last ten counts.
often=()
for _ in $(seq 20); do often+=("$place/m.velo"); done
for round in $(seq 0 "$ROUNDS"); do
  timed find-ls bash -c 'find "$1" -ls >/dev/null' - "$farm"
  timed command "$velo" warm --check --json --placement "$placement" "$place/m.velo"
  times[first]+="$(field "$scratch/output" check_milliseconds) "
  "$velo" warm --check --json --placement "$placement" "${often[@]}" >"$scratch/often"
  times[stays]+="$(median "$(tail -n 10 "$scratch/often" | grep -o '"check_milliseconds":[0-9.]*' | cut -d: -f2 | tr '\n' ' ')") "
  timed deep "$velo" warm --check --deep --json --placement "$placement" "$place/m.velo"
  times[deep-itself]+="$(field "$scratch/output" check_milliseconds) "
  # The first round only warms things up.
  [ "$round" != 0 ] || times=()
done
echo
row "find -ls" find-ls find-ls
row "quick audit by a process that stays" stays find-ls
row "quick audit, the first of a process" first find-ls
row "velo warm --check, whole command" command find-ls
row "deep audit, the first of a process" deep-itself find-ls
