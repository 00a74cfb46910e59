#!/usr/bin/env bash
# stress-ng's stressors of the file system, each for two seconds, checking what it reads.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sources.sh"
least=40

all() {
  stress-ng --class 'filesystem?' 2>&1 | sed -n "s/^class 'filesystem' stressors: //p" | tr ' ' '\n'
}

run() {
  cd "$T"
  mkdir -p files
  for stressor in $(all); do
    local status=0
    timeout -k 5 60 stress-ng --temp-path "$T/files" "--$stressor" 2 --timeout 2 --verify --no-rand-seed >"$OUT/$stressor.log" 2>&1 || status=$?
    # Each says by a line of its own that it cannot work here, and ends well.
    ! grep -q 'not supported\|skipping\|No stress workers' "$OUT/$stressor.log" || status=skipped-$status
    ! grep -q 'fail:\|did not get' "$OUT/$stressor.log" || status=failed-$status
    result "$stressor" "$status"
  done
  result "what is left" "$(ls -A files | wc -l)"
}

case ${1:-} in
  fetch)
    command -v stress-ng >/dev/null || { echo "cannot run stress-ng: it is not installed; run apt-get install stress-ng" >&2; exit 1; }
    mkdir -p "$2/tree"
    ;;
  run) run ;;
  *) echo "usage: $0 fetch DIRECTORY | run" >&2; exit 2 ;;
esac
