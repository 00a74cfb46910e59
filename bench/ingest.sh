#!/usr/bin/env bash
# Ingest beside `cp -a`: the same tree, in the same run, in turn. Usage: bench/ingest.sh [DIRECTORY]
# FILES, PER_DIRECTORY, DEPTH, MEAN_SIZE and ROUNDS change the tree and the number of rounds.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/tree.sh"

prepare ingest "$@"
make_tree "$place/tree"
cp -a "$place/tree" "$place/warm-up"
"$velo" ingest "$place/tree" --output "$place/warm-up.velo" --store "$place/warm-up-store" >/dev/null

# What cp -a gives is not durable until the sync; what an ingest gives is.
copy_durably() { cp -a "$1" "$2" && sync -f "$2"; }

for round in $(seq "$ROUNDS"); do
  timed 'cp-a' cp -a "$place/tree" "$place/copy$round"
  timed durable copy_durably "$place/tree" "$place/durable$round"
  timed first "$velo" ingest "$place/tree" --output "$place/m$round.velo" --store "$place/store$round" --json
  cp "$scratch/output" "$scratch/json"
  times[internal]+="$(awk -v s="$(field "$scratch/json" seconds)" 'BEGIN { printf "%d", s * 1000 }') "
  timed again "$velo" ingest "$place/tree" --output "$place/m$round.velo" --store "$place/store$round"
  timed rehash "$velo" ingest "$place/tree" --output "$place/m$round.velo" --store "$place/store$round" --force-hash
done

echo "files: $(find "$place/copy1" -type f | wc -l) by cp -a, $(find "$place/store1/cas" -type f | wc -l) blobs by velo; median of $ROUNDS interleaved rounds, a new store each, nothing deleted between them"
row "cp -a" cp-a cp-a
row "cp -a, then sync" durable cp-a
row "velo: first ingest (durable), with JVM start" first cp-a
row "velo: first ingest, as reported by itself" internal cp-a
row "velo: unchanged tree again, with JVM start" again cp-a
row "velo: every file hashed again, with JVM start" rehash cp-a
