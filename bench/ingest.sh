#!/usr/bin/env bash
# Ingest beside its peers: `find` for a tree that has not changed; `cp -a`, without and with a sync, and `ostree commit` for a new one. The
# same tree, in the same run, in turn. Usage: bench/ingest.sh [DIRECTORY]
# FILES, PER_DIRECTORY, DEPTH, MEAN_SIZE and ROUNDS change the made tree and the number of rounds; NODE_MODULES=no leaves the second tree out.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/tree.sh"
. "$repository/scripts/packages.sh"

need ostree command -v ostree
install_missing
prepare ingest "$@"

# What cp -a gives is not durable until the sync; what an ingest and an ostree commit give is.
copy_durably() { cp -a "$1" "$2" && sync -f "$2"; }

# bare-user keeps modes and owners in an attribute, so that root and others do the same work; its files are synced by default.
commit() { ostree init --repo="$2" --mode=bare-user && ostree commit --repo="$2" --branch=bench --no-bindings "$1"; }

# A well-known set of packages; kept for the next run.
install_modules() {
  local cache=$repository/it/target/cache/node-project
  if [ ! -d "$cache/node_modules" ]; then
    command -v npm >/dev/null || { echo "no npm: the tree of a real project is left out"; return 1; }
    mkdir -p "$scratch/npm"
    (
      cd "$scratch/npm"
      printf '{"name":"bench","version":"1.0.0","private":true}\n' >package.json
      npm install --no-audit --no-fund --no-progress --loglevel=error --ignore-scripts lodash@4 core-js@3 date-fns@3 rxjs@7 express@4 \
        webpack@5 webpack-cli@5 typescript@5 eslint@8 jest@29 react@18 react-dom@18 @babel/core@7 @babel/preset-env@7 ramda@0.30
    ) || { echo "npm install failed: the tree of a real project is left out"; return 1; }
    mkdir -p "$(dirname "$cache")"
    cp -a "$scratch/npm" "$cache"
  fi
  cp -a "$cache/node_modules" "$1"
  sync
}

internal() { times[$1]+="$(awk -v s="$(field "$scratch/output" seconds)" 'BEGIN { printf "%d", s * 1000 }') "; }

# measure NAME TREE
measure() {
  local name=$1 tree=$2 round
  for round in $(seq "$ROUNDS"); do
    timed find find "$tree" -printf '%i %s %T@\n'
    timed cp-a cp -a "$tree" "$place/copy"
    timed durable copy_durably "$tree" "$place/durable"
    timed ostree commit "$tree" "$place/ostree"
    timed first "$velo" ingest "$tree" --output "$place/m.velo" --store "$place/store" --json
    internal first-internal
    timed again "$velo" ingest "$tree" --output "$place/m.velo" --store "$place/store" --json
    internal again-internal
    timed rehash "$velo" ingest "$tree" --output "$place/m.velo" --store "$place/store" --force-hash
    timed start "$velo" --version
    counts="$(find "$place/copy" -type f | wc -l) by cp -a, $(find "$place/store/cas" -type f | wc -l) different contents by velo, $(find "$place/ostree/objects" -name '*.file' -type f | wc -l) by ostree"
    rm -rf "$place/copy" "$place/durable" "$place/ostree" "$place/store"
  done
  echo
  echo "$name: $(find "$tree" -type f | wc -l) files; copied: $counts; median of $ROUNDS interleaved rounds, each with a new store"
  row "find -printf" find find
  row "unchanged tree again, as reported by itself" again-internal find
  row "unchanged tree again, with JVM start" again find
  row "velo --version: the start of a JVM" start find
  row "cp -a" cp-a cp-a
  row "cp -a, then sync" durable cp-a
  row "first ingest (durable), as reported by itself" first-internal cp-a
  row "first ingest (durable), with JVM start" first cp-a
  row "first ingest beside the synced copy" first durable
  row "ostree commit (durable)" ostree cp-a
  row "first ingest beside ostree commit" first ostree
  row "every file hashed again, with JVM start" rehash cp-a
  times=()
}

make_tree "$place/tree"
cp -a "$place/tree" "$place/warm-up"
"$velo" ingest "$place/tree" --output "$place/warm-up.velo" --store "$place/warm-up-store" >/dev/null
rm -rf "$place/warm-up" "$place/warm-up-store"
measure "made tree" "$place/tree"
if [ "${NODE_MODULES:-yes}" = yes ] && install_modules "$place/node_modules"; then
  measure "node_modules" "$place/node_modules"
fi
