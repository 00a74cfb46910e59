#!/usr/bin/env bash
# Farms beside `cp -al`: the same tree, in the same run, in turn. Usage: bench/farm.sh [DIRECTORY]
# FILES, PER_DIRECTORY, DEPTH, MEAN_SIZE and ROUNDS change the tree and the number of rounds.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/tree.sh"

prepare farm "$@"
make_tree "$place/tree"

# A farm is built once for each manifest, so every round needs a manifest of its own: the same contents, another time of the root.
for round in $(seq 0 "$ROUNDS"); do
  touch -d "2020-01-01T00:00:00Z + $round seconds" "$place/tree"
  "$velo" ingest "$place/tree" --output "$place/round$round.velo" >/dev/null
done
cp -al "$place/tree" "$place/warm-up"
"$velo" farm "$place/round0.velo" >/dev/null

links=0
for round in $(seq "$ROUNDS"); do
  timed 'cp-al' cp -al "$place/tree" "$place/linked$round"
  timed build "$velo" farm "$place/round$round.velo" --json
  cp "$scratch/output" "$scratch/json"
  times[internal]+="$(field "$scratch/json" milliseconds) "
  links=$(field "$scratch/json" links)
  timed again "$velo" farm "$place/round$round.velo"
done

echo "files: $(find "$place/linked1" -type f | wc -l) by cp -al, $links links by velo; median of $ROUNDS interleaved rounds, nothing deleted between them"
row "cp -al" cp-al cp-al
row "velo: farm built, whole command with JVM start" build cp-al
row "velo: farm built, as reported by itself" internal cp-al
row "velo: farm found in the pool, whole command" again cp-al
