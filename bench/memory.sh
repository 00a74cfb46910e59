#!/usr/bin/env bash
# Peak memory of ingesting a large tree, the first time and again. Usage: bench/memory.sh [DIRECTORY]
# FILES (1,000,000) files of a few bytes, all different, 1,000 in a directory.
set -euo pipefail
FILES=${FILES:-1000000}
LOOP_INODES=${LOOP_INODES:-4000000}
. "$(dirname "${BASH_SOURCE[0]}")/tree.sh"
. "$repository/scripts/packages.sh"

need time test -x /usr/bin/time
install_missing
prepare memory "$@"

python3 - "$place/tree" "$FILES" <<'END_OF_TREE'
import os, sys
root, files = sys.argv[1], int(sys.argv[2])
for i in range(files):
    if i % 1000 == 0:
        os.makedirs(os.path.join(root, "d%d" % (i // 1000)))
    with open(os.path.join(root, "d%d" % (i // 1000), "f%d" % i), "w") as out:
        out.write("%d\n" % i)
END_OF_TREE

peak() {
  local label=$1 start
  start=$(milliseconds)
  /usr/bin/time -f '%M' -o "$scratch/peak" "$velo" ingest "$place/tree" --output "$place/m.velo" >"$scratch/output"
  echo "$label: $(($(cat "$scratch/peak") / 1024)) MiB resident at most, $(($(milliseconds) - start)) ms"
}
echo "$FILES files"
peak "first ingest"
peak "unchanged tree again"
