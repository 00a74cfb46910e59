# Sourced by the benchmarks: where they work, the tree they work on, and the arithmetic.

FILES=${FILES:-50000}
PER_DIRECTORY=${PER_DIRECTORY:-12}
DEPTH=${DEPTH:-6}
MEAN_SIZE=${MEAN_SIZE:-6000}
ROUNDS=${ROUNDS:-5}

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# A JVM for each command; what measures the resident process says so.
export VELO_DAEMON=0
velo=${VELO_HOME:-$repository/runner/target/velo}/bin/velo

# prepare NAME [DIRECTORY]: sets $place. Root gets a new journaled ext4 on a loop device, so that rounds start alike and nothing need be
# deleted between them; others get a scratch directory below DIRECTORY (default: the temporary one).
prepare() {
  [ -x "$velo" ] || { echo "cannot find $velo: it is not built; run scripts/quickstart.sh" >&2; exit 1; }
  scratch=$(mktemp -d "${2:-${TMPDIR:-/tmp}}/velo-bench-$1-XXXXXX")
  place=$scratch
  trap finish EXIT
  if [ "$(id -u)" -eq 0 ] && [ $# -lt 2 ] && command -v mkfs.ext4 >/dev/null; then
    truncate -s "${LOOP_SIZE:-24G}" "$scratch/image"
    mkfs.ext4 -q -N "${LOOP_INODES:-3000000}" -E lazy_itable_init=0,lazy_journal_init=0 "$scratch/image"
    mkdir "$scratch/mount"
    if mount -o loop "$scratch/image" "$scratch/mount" 2>/dev/null; then
      place=$scratch/mount
      echo "on a new ext4 on a loop device"
    else
      rm -f "$scratch/image"
      echo "no loop device here; on $(stat -f -c %T "$place") in $place"
    fi
  else
    echo "on $(stat -f -c %T "$place") in $place"
  fi
  export VR_THE_SOURCE=$place/store
}

finish() {
  [ "$place" = "$scratch" ] || umount "$place"
  [ -z "${in_memory:-}" ] || umount "$in_memory"
  chmod -R u+rwX "$scratch"
  rm -rf "$scratch"
}

# make_tree DIRECTORY: FILES files, about PER_DIRECTORY in a directory, the deepest DEPTH levels down, sizes of MEAN_SIZE on average
# (exponential), contents all different, the same in every run.
make_tree() {
  python3 - "$1" "$FILES" "$PER_DIRECTORY" "$DEPTH" "$MEAN_SIZE" <<'END'
import os, random, sys
root, files, per, depth, mean = sys.argv[1], *map(int, sys.argv[2:])
draw = random.Random(1)
wanted = max(1, files // per)
levels, made = [[root]], [root]
os.makedirs(root)
fan = max(2, round(wanted ** (1 / max(1, depth - 1))))
while len(made) < wanted:
    parents = levels[-1] if len(levels) < depth else levels[draw.randrange(len(levels) - 1)]
    if len(levels) < depth:
        levels.append([])
    below = levels[-1]
    for parent in list(parents):
        for i in range(fan):
            if len(made) >= wanted:
                break
            name = os.path.join(parent, "d%d" % len(made))
            os.mkdir(name)
            below.append(name)
            made.append(name)
for i in range(files):
    with open(os.path.join(made[i % len(made)], "file%d.txt" % i), "wb") as out:
        out.write(b"%d\n" % i + draw.randbytes(min(int(draw.expovariate(1 / mean)), 40 * mean)))
END
  sync
  echo "tree: $(find "$1" -type f | wc -l) files in $(find "$1" -type d | wc -l) directories, $(du -sb --apparent-size "$1" | cut -f1) bytes"
}

milliseconds() { echo $(($(date +%s%N) / 1000000)); }

# timed NAME COMMAND...: runs it and adds its wall time to the list of NAME. Dirty pages of the round before are written first.
declare -A times
timed() {
  local name=$1 start
  shift
  sync
  start=$(milliseconds)
  "$@" >"$scratch/output" || { cat "$scratch/output"; exit 1; }
  times[$name]+="$(($(milliseconds) - start)) "
}

median() { tr ' ' '\n' <<<"$1" | grep -v '^$' | sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

# row LABEL NAME REFERENCE
row() {
  local own reference
  own=$(median "${times[$2]}")
  reference=$(median "${times[$3]}")
  printf '%-44s %8s ms   %6s x %s   (%s)\n' "$1" "$own" "$(awk -v a="$own" -v b="$reference" 'BEGIN { printf "%.2f", b ? a / b : 0 }')" \
    "$3" "${times[$2]% }"
}

# field FILE NAME: a number from a flat JSON object.
field() { grep -o "\"$2\" *: *[0-9.]*" "$1" | head -n 1 | sed 's/.*: *//'; }
