#!/usr/bin/env bash
# Ingests, runs and collections on one store at once, for MINUTES (default 10); then everything that must be there is looked for, and the
# whole store is verified. Prints what was done; the exit status tells whether all was well. Usage: scripts/soak.sh [MINUTES]
set -euo pipefail

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
velo=${VELO_HOME:-$repository/runner/target/velo}/bin/velo
[ -x "$velo" ] || { echo "cannot find $velo: it is not built; run scripts/quickstart.sh" >&2; exit 1; }
minutes=${1:-10}
place=$(mktemp -d)
# Processes that know nothing of each other are the point.
export VELO_DAEMON=0
export VR_THE_SOURCE=$place/store
jobs=()
finish() {
  for job in "${jobs[@]}"; do kill "$job" 2>/dev/null || true; done
  wait
  chmod -R u+rwX "$place"
  rm -rf "$place"
}
trap finish EXIT

VELO_HOME=${VELO_HOME:-$repository/runner/target/velo} "$repository/scripts/setup_busybox.sh" --output "$place/busybox.manifest" >/dev/null
end=$(($(date +%s) + minutes * 60))
going() { [ "$(date +%s)" -lt "$end" ] && [ ! -e "$place/failed" ]; }
fault() {
  echo "$*" >>"$place/failed"
  exit 1
}
count() { echo >>"$place/count-$1"; }

# Half of the content is seen for the first time, half may just be on its way out; every second manifest is deleted again.
ingests() {
  local n=0 tree=$place/tree-$1
  while going; do
    n=$((n + 1))
    mkdir -p "$tree/d$((n % 7))"
    for i in $(seq 40); do
      echo "$1 $n $i" >"$tree/d$((n % 7))/own$i"
      echo "common $i $((n % 5))" >"$tree/common$i"
    done
    "$velo" ingest "$tree" --output "$place/m-$1-$n.velo" >/dev/null 2>"$place/err-$1" || fault "ingest: $(cat "$place/err-$1")"
    if [ $((n % 2)) -eq 0 ]; then
      rm "$place/m-$1-$n.velo"
    fi
    if [ $((n % 20)) -eq 0 ]; then
      rm -rf "$tree"
    fi
    count ingests
  done
}

runs() {
  local n=0 tree=$place/run-$1 out
  while going; do
    n=$((n + 1))
    mkdir -p "$tree"
    echo "run $1 $n" >"$tree/text"
    for i in $(seq 20); do echo "common $i $((n % 5))" >"$tree/common$i"; done
    "$velo" ingest "$tree" --output "$place/r-$1.velo" >/dev/null 2>"$place/err-r$1" || fault "ingest: $(cat "$place/err-r$1")"
    for again in 1 2 3 4; do
      out=$("$velo" run --isolate --base "$place/busybox.manifest" --manifest "$place/r-$1.velo" --output "$place/o-$1.velo" -- \
        /bin/sh -c 'rm /common1; echo more >/new; cat /text /common*' 2>"$place/err-r$1") || fault "run: $(cat "$place/err-r$1")"
      [ "$(head -n 1 <<<"$out")" = "run $1 $n" ] && [ "$(wc -l <<<"$out")" -eq 20 ] || fault "run $again saw: $out"
      count runs
    done
    [ "$("$velo" cat "$place/o-$1.velo" new)" = more ] || fault "a result lost its file"
    rm "$place/r-$1.velo" "$place/o-$1.velo"
  done
}

collections() {
  while going; do
    "$velo" gc --run --grace 0s >/dev/null 2>"$place/err-gc" || fault "gc: $(cat "$place/err-gc")"
    count collections
  done
}

for n in 1 2; do
  ingests "$n" &
  jobs+=($!)
  runs "$n" &
  jobs+=($!)
done
collections &
jobs+=($!)
wait "${jobs[@]}" || true

[ ! -e "$place/failed" ] || { cat "$place/failed"; exit 1; }
"$velo" gc --run --grace 0s >/dev/null
manifests=0
for manifest in "$place"/m-*.velo; do
  "$velo" verify --manifest "$manifest" >/dev/null || { echo "failed: $manifest is not whole"; exit 1; }
  manifests=$((manifests + 1))
done
"$velo" verify
total() { wc -l <"$place/count-$1"; }
echo "$minutes minutes: $(total ingests) ingests, $(total runs) runs, $(total collections) collections; $manifests manifests kept, all whole"
