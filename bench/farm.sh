#!/usr/bin/env bash
# Farms beside `cp -al`, and their removal beside `rm -rf`: the same tree, in the same run, in turn. Usage: bench/farm.sh [DIRECTORY]
# FILES, PER_DIRECTORY, DEPTH, MEAN_SIZE and ROUNDS change the tree and the number of rounds. As root, metadata farms are built on a tmpfs too.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/tree.sh"

prepare farm "$@"
make_tree "$place/tree"

# A farm is built once for each manifest, so every round needs a manifest of its own: the same contents, another time of the root. The first
# ones only warm things up: a resident process has built farms before.
WARM=${WARM:-6}
manifests() {
  local round
  for round in $(seq 0 $((2 * ROUNDS + WARM))); do
    touch -d "2020-01-01T00:00:00Z + $round seconds" "$place/tree"
    "$velo" ingest "$place/tree" --output "$1/round$round.velo" --store "$2" >/dev/null
  done
}

# A process that stays: it builds a farm for each name that it reads.
resident() {
  coproc FARMS { exec "$velo" farm --json --store "$1" --placement "$2"; }
}
built() {
  local answer
  echo "$1" >&"${FARMS[1]}"
  read -r answer <&"${FARMS[0]}"
  echo "$answer" >"$scratch/json"
}
end_resident() {
  local input=${FARMS[1]} process=$FARMS_PID
  exec {input}>&-
  wait "$process"
}
in_process() { times[$1]+="$(field "$scratch/json" milliseconds) "; }

# measure LABEL DIRECTORY PLACEMENT: the store and the links of cp -al lie below DIRECTORY.
measure() {
  local label=$1 at=$2 placement=$3 round links=0
  mkdir -p "$at/manifests"
  manifests "$at/manifests" "$at/store"
  rm -rf "$at/source"
  [ "$at" = "$place" ] || cp -a "$place/tree" "$at/source"
  [ "$at" != "$place" ] || ln -s tree "$at/source"
  cp -al "$at/source/." "$at/warm-up"
  resident "$at/store" "$placement"
  for round in $(seq 0 $((WARM - 1))); do built "$at/manifests/round$((2 * ROUNDS + 1 + round)).velo"; done
  for round in $(seq "$ROUNDS"); do
    timed 'cp-al-here' cp -al "$at/source/." "$at/linked$round"
    [ "$at" = "$place" ] || timed 'cp-al' cp -al "$place/tree" "$place/beside-$placement-$round"
    sync
    built "$at/manifests/round$round.velo"
    in_process warm
    links=$(field "$scratch/json" links)
  done
  end_resident
  for round in $(seq "$ROUNDS"); do
    timed cold "$velo" farm "$at/manifests/round$((ROUNDS + round)).velo" --json --store "$at/store" --placement "$placement"
    cp "$scratch/output" "$scratch/json"
    in_process cold-internal
    timed again "$velo" farm "$at/manifests/round$((ROUNDS + round)).velo" --store "$at/store" --placement "$placement"
  done
  for round in $(seq "$ROUNDS"); do
    timed rm rm -rf "$at/linked$round"
    rm "$at/manifests/round$round.velo"
    sync
    "$velo" gc --run --grace 0s --json --store "$at/store" >"$scratch/json"
    [ "$(field "$scratch/json" farms)" = 1 ] || { echo "a farm was not removed"; exit 1; }
    times[view]+="$(field "$scratch/json" farms_milliseconds) "
    times[deleted]+="$(field "$scratch/json" trash_milliseconds) "
  done
  echo
  echo "$label: $(find "$at/warm-up" -type f | wc -l) files by cp -al, $links by velo; median of $ROUNDS interleaved rounds"
  row "cp -al, on the same file system" cp-al-here cp-al-here
  [ "$at" = "$place" ] || row "cp -al, on the ext4" cp-al cp-al
  row "velo: farm built by a process that stays" warm cp-al-here
  [ "$at" = "$place" ] || row "the same beside the ext4" warm cp-al
  row "velo: farm built by a new process, its own clock" cold-internal cp-al-here
  row "velo: farm built, whole command with JVM start" cold cp-al-here
  row "velo: farm found in the pool, whole command" again cp-al-here
  row "rm -rf of the links" rm rm
  row "velo: a farm taken out of view" view rm
  row "velo: a farm deleted" deleted rm
  times=()
}

measure "hard links" "$place" hardlink
if [ "$place" != "$scratch" ]; then
  mkdir "$scratch/memory"
  mount -t tmpfs -o size=4g,nr_inodes=0 none "$scratch/memory"
  in_memory=$scratch/memory
  measure "metadata on tmpfs" "$in_memory" metadata
fi
