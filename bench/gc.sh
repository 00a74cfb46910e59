#!/usr/bin/env bash
# Garbage collection beside `find` over the same store, in the same run, in turn. Usage: bench/gc.sh [DIRECTORY]
# BLOBS (1,000,000) blobs under MANIFESTS (100) manifests; then a tenth of the manifests goes and is swept. ROUNDS rounds of each report.
set -euo pipefail
LOOP_INODES=${LOOP_INODES:-6000000}
. "$(dirname "${BASH_SOURCE[0]}")/tree.sh"
. "$repository/scripts/packages.sh"

need time test -x /usr/bin/time
install_missing

BLOBS=${BLOBS:-1000000}
MANIFESTS=${MANIFESTS:-100}
each=$((BLOBS / MANIFESTS))

prepare gc "$@"
mkdir "$place/manifests" "$place/tree"
for m in $(seq "$MANIFESTS"); do
  python3 - "$place/tree/$m" "$m" "$each" <<'END'
import os, sys
root, m, each = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
for d in range((each + 99) // 100):
    os.makedirs(os.path.join(root, "d%d" % d))
for i in range(each):
    with open(os.path.join(root, "d%d" % (i // 100), "f%d" % i), "w") as out:
        out.write("%d of %d\n" % (i, m))
END
  "$velo" ingest "$place/tree/$m" --output "$place/manifests/$m.velo" >/dev/null
  # The source's inodes are not part of what is measured.
  rm -rf "$place/tree/$m"
done
echo "store: $(find "$place/store/cas" -type f | wc -l) blobs, $MANIFESTS manifests"

find_all() { find "$place/store" -type f | wc -l; }
find_status() { find "$place/store" -type f -printf '%i %s %C@\n' | wc -l; }
peak() { /usr/bin/time -f '%M' -o "$scratch/peak" "$@"; }
find_all >/dev/null
"$velo" gc >/dev/null
for round in $(seq "$ROUNDS"); do
  timed find find_all
  timed 'find-printf' find_status
  timed report peak "$velo" gc --json
  memory+="$(cat "$scratch/peak") "
  timed nothing "$velo" gc --run
done
for m in $(seq $((MANIFESTS / 10))); do rm "$place/manifests/$m.velo"; done
timed sweep peak "$velo" gc --run --grace 0s --json
cp "$scratch/output" "$scratch/swept"
echo "swept: $(field "$scratch/swept" blobs) blobs of $((MANIFESTS / 10)) manifests"

row "find -type f over the store" find find
row "find with inode, size and ctime" find-printf find
row "velo gc (report: mark, compare), with JVM start" report find
row "velo gc --run, nothing to remove" nothing find
row "velo gc --run, a tenth to remove (once)" sweep find
echo "peak memory of velo gc: $(median "$memory") KiB; of the sweep: $(cat "$scratch/peak") KiB"
