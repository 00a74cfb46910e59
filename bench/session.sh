#!/usr/bin/env bash
# What `velo run --output` of a session takes from the end of its program to its own, by a resident process that takes in what is written meanwhile and without
# one; and the same with only the files' digests asked for. Usage: bench/session.sh [DIRECTORY]
# The program writes FILES (2,000) files of SIZE (100,000) bytes, works on for PAUSE (6) seconds without writing, and ends. ROUNDS (5) of each, in turn. BEFORE: the directory of another distribution that is measured, too.
set -euo pipefail
FILES=${FILES:-2000}
LOOP_SIZE=${LOOP_SIZE:-8G}
LOOP_INODES=${LOOP_INODES:-400000}
. "$(dirname "${BASH_SOURCE[0]}")/tree.sh"
SIZE=${SIZE:-100000}
PAUSE=${PAUSE:-6}

prepare session "$@"
mkdir "$place/tree"
mkdir -m 0700 "$place/runtime"
echo a >"$place/tree/a"
export XDG_RUNTIME_DIR=$place/runtime
cat >"$place/program.py" <<'END'
import os, sys, time
files, size, pause, end = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
os.mkdir('/vrift/d')
for i in range(files):
    with open('/vrift/d/%d' % i, 'wb') as f: f.write(os.urandom(size))
time.sleep(pause)
with open(end, 'w') as f: f.write(str(time.time_ns()))
END

# session NAME DISTRIBUTION VELO_DAEMON PAUSE OPTION: each begins with an empty store and clean pages.
session() {
  local name=$1 program=$2/bin/velo
  export VELO_DAEMON=$3
  rm -rf "$place/store"
  sync
  VELO_DAEMON=0 "$program" ingest "$place/tree" --output "$place/tree.velo" >/dev/null
  [ "$VELO_DAEMON" = 0 ] || "$program" daemon start >/dev/null
  "$program" run --manifest "$place/tree.velo" "$5" "$place/out" -- python3 "$place/program.py" "$FILES" "$SIZE" "$4" "$place/end"
  times[$name]+="$((($(date +%s%N) - $(cat "$place/end")) / 1000000)) "
  [ "$VELO_DAEMON" = 0 ] || "$program" daemon stop >/dev/null
  echo "$name: ${times[$name]}"
}

here=$(cd "$(dirname "$velo")/.." && pwd)
echo "load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) processors, Linux $(uname -r); $FILES files of $SIZE bytes"
for round in $(seq "$ROUNDS"); do
  [ -z "${BEFORE:-}" ] || session before "$BEFORE" 0 "$PAUSE" --output
  session without "$here" 0 "$PAUSE" --output
  session with "$here" 1 "$PAUSE" --output
  session at-once "$here" 1 0 --output
  session list-without "$here" 0 "$PAUSE" --changes
  session list-with "$here" 1 "$PAUSE" --changes
done
[ -z "${BEFORE:-}" ] || row "--output, of BEFORE" before without
row "--output, no resident process" without without
row "--output, taken in meanwhile" with without
row "--output, taken in, the program ends at once" at-once without
row "--changes, no resident process" list-without list-without
row "--changes, taken in meanwhile" list-with list-without
echo "load $(cut -d' ' -f1-3 /proc/loadavg)"
