#!/usr/bin/env bash
# What a neighbour sandbox notices of bombs that end inside their limits. Usage: bench/bombs.sh
# The neighbour does the same work (computing, and writing a file) alone and at the moment at which each bomb goes off, in turn, ROUNDS (5) times;
# the harmless ones go off without their limits, too. BLOCKS (4,000) blocks of 64 KiB of work. No bomb asks for more than 512 MiB, 200
# processes or 5 seconds. As root only: a share of the processors needs a control group.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/tree.sh"
[ "$(id -u)" -eq 0 ] || { echo "cannot measure: limits of processor time need a control group; run it as root" >&2; exit 1; }
BLOCKS=${BLOCKS:-4000}
prepare bombs "$@"
mkdir "$place/tree"
gcc -std=c11 -D_GNU_SOURCE -static -O1 -pthread -o "$place/tree/bombs" "$repository/it/src/test/resources/bombs.c"
chmod 755 "$place/tree" "$place/tree/bombs"
"$velo" ingest "$place/tree" --output "$place/bombs.velo" >/dev/null
start=(run --isolate --manifest "$place/bombs.velo")

# says FILE LINES PROCESS: waits until the file has so many lines.
says() {
  local i
  for i in $(seq 6000); do
    [ "$(wc -l <"$1")" -ge "$2" ] && return
    kill -0 "$3" 2>/dev/null || break
    sleep 0.02
  done
  echo "a sandbox did not answer: $(cat "$1" "$scratch/err")" >&2
  exit 1
}

: >"$scratch/neighbour"
"$velo" "${start[@]}" -- /bombs neighbour "$BLOCKS" >"$scratch/neighbour" 2>"$scratch/err" &
neighbour=$!
trap 'kill "$neighbour" 2>/dev/null || true; wait "$neighbour" 2>/dev/null || true; finish' EXIT
lines=1
says "$scratch/neighbour" "$lines" "$neighbour"

# work NAME [BOMB]: the neighbour's work, in milliseconds; a bomb that waits goes off at the same moment.
work() {
  [ $# -lt 2 ] || kill -USR1 "$2"
  kill -USR1 "$neighbour"
  # The time, and that it is ready again.
  lines=$((lines + 2))
  says "$scratch/neighbour" "$lines" "$neighbour"
  times[$1]+="$(($(sed -n "$((lines - 1))p" "$scratch/neighbour") / 1000)) "
}

# beside NAME BOMB OPTION...: names are of one word.
beside() {
  local name=$1 bomb=$2 pid
  shift 2
  : >"$scratch/said"
  rm -f "$scratch/pipe"
  mkfifo "$scratch/pipe"
  { head -c 6 >"$scratch/said"; cat >/dev/null; } <"$scratch/pipe" &
  # shellcheck disable=SC2086
  "$velo" "${start[@]}" "$@" --result "$scratch/record" -- /bombs armed $bomb >"$scratch/pipe" 2>"$scratch/err" &
  pid=$!
  says "$scratch/said" 1 "$pid"
  work "$name" "$pid"
  wait "$pid" || true
  python3 - "$scratch/record" >"$scratch/$name.end" <<'END'
import json, sys
record = json.load(open(sys.argv[1]))
hit = [name for name, limit in record["limits"].items() if limit["hit"]]
print("cause %s%s" % (record["cause"], ", hit " + " ".join(hit) if hit else ""))
END
}

cpus="--cpus 0.5 --timeout 2s"
for round in $(seq "$ROUNDS"); do
  work alone
  beside processors "hogs 8 4000" $cpus
  beside processors-unlimited "hogs 8 2000"
  work alone
  beside fork "explode" $cpus --pids 100
  beside threads "threads 200" $cpus --pids 50
  work alone
  beside memory "private 512" $cpus --memory 128M
  beside tmpfs "file 512 /tmp/x" $cpus --memory 128M
  beside many "many 64 4" $cpus --memory 128M
  work alone
  beside disk "file 512 /x" $cpus --disk 64M
  beside inodes "files 100000 /" $cpus --disk 64M
  beside descriptors "descriptors 20000" $cpus
  work alone
  beside output "flood 2000000000" $cpus --max-output 512M
  beside output-unlimited "flood 2000000000"
  beside time "deaf" $cpus
done

echo "$ROUNDS rounds, interleaved; $(nproc) processors, load $(cut -d' ' -f1 /proc/loadavg)"
row "the neighbour alone" alone alone
for name in processors processors-unlimited fork threads memory tmpfs many disk inodes descriptors output output-unlimited time; do
  row "beside $name ($(cat "$scratch/$name.end"))" "$name" alone
done
