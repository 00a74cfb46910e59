#!/usr/bin/env bash
# What `velo run` without a sandbox costs: calls on the tree that it shows at /vrift beside the same calls on a copy on disk, calls on
# other files and starts of processes with and without the preload library, a static program with its supervisor, and make by it, natively, by proot and by fakechroot.
# Usage: bench/shim.sh [DIRECTORY]. ROUNDS (15) of all in turn, FILES (100,000) in the tree. QUICK=1: few, to see that it works; its figures
# hold for nothing. It ends with 1 where a goal is missed.
set -euo pipefail
if [ -n "${QUICK:-}" ]; then
  ROUNDS=${ROUNDS:-2} FILES=${FILES:-3000}
fi
ROUNDS=${ROUNDS:-15} FILES=${FILES:-100000} MEAN_SIZE=${MEAN_SIZE:-300}
LOOP_SIZE=${LOOP_SIZE:-6G}
LOOP_INODES=${LOOP_INODES:-800000}
. "$(dirname "${BASH_SOURCE[0]}")/tree.sh"
. "$repository/scripts/packages.sh"

need gcc command -v gcc
need make command -v make
need python3 command -v python3
need strace command -v strace
need proot command -v proot
need fakechroot command -v fakechroot
install_missing
prepare shim "$@"
load() { cut -d' ' -f1-3 /proc/loadavg; }
fail() {
  echo "bench/shim.sh: $*" >&2
  exit 1
}
[ ! -e /vrift ] || fail "cannot compare: /vrift is there without a run; remove it"

# --- What is compared. ---

echo "$(nproc) processors ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), Linux $(uname -r), $(getconf GNU_LIBC_VERSION), load before $(load)"
strict=(-std=c11 -O2 -Wall -Wextra)
gcc "${strict[@]}" -o "$place/calls" "$repository/bench/calls.c"
gcc "${strict[@]}" -static -o "$place/calls-static" "$repository/bench/calls.c"
gcc "${strict[@]}" -x c -o "$place/program" - <<<'int main(void) { return 0; }'
make_tree "$place/source"
(cd "$place/source" && find . -type f -printf '%P\n' | sort -R --random-source=<(yes)) >"$place/list"
cp -r "$repository/it/src/test/resources/shim-project" "$place/source/project"
mkdir "$place/source/many"
for number in $(seq 1000); do echo "$number" >"$place/source/many/$number"; done
"$velo" ingest "$place/source" --output "$place/tree.velo" >/dev/null
"$velo" export "$place/tree.velo" "$place/tree"
cp -a "$place/tree/project" "$place/project"

run=("$velo" run --manifest "$place/tree.velo" --)
calls=("$place/calls" "$place/list")
static=("$place/calls-static" "$place/list")
# fakechroot has whole roots only: one with the tree in it, and whatever else the programs need is left out of its view.
mkdir -p "$place/root/vrift" "$place/bound"
cp -a "$place/tree/project" "$place/root/vrift/project"
cp -a "$place/tree/project" "$place/bound/project"
for library in "/usr/lib/$(gcc -print-multiarch)"/fakechroot/libfakechroot.so /usr/lib/*/fakechroot/libfakechroot.so; do [ ! -e "$library" ] || break; done
[ -e "$library" ] || fail "cannot find libfakechroot.so below /usr/lib; install fakechroot"
fakechroot=(env LD_PRELOAD="$library" FAKECHROOT=true FAKECHROOT_BASE="$place/root"
  FAKECHROOT_EXCLUDE_PATH="$place:/usr:/bin:/sbin:/lib:/lib64:/etc:/dev:/proc:/sys:/tmp:/var")

# --- That each of them shows the tree. ---

# shows LABEL COMMAND...: the project is there, and what is built in it is not in the one on disk
shows() {
  local label=$1
  shift
  [ "$("$@" /bin/sh -c 'head -n 1 /vrift/project/data/numbers.txt')" = "# In no order." ] || fail "$label does not show /vrift/project"
}
shows "velo run" "${run[@]}"
shows proot proot -b "$place/bound:/vrift"
shows fakechroot "${fakechroot[@]}"
! cat /vrift/project/data/numbers.txt 2>/dev/null || fail "/vrift is there natively"

# --- System calls of a stat(2) of the tree: what 100,000 take more than none. ---

# counted COUNT: of the program that makes so many
counted() {
  printf 'stat /vrift 10\nmiss /vrift 10\n%s' "$1" >"$scratch/questions"
  "${run[@]}" /bin/sh -c 'exec strace -f -c -o "$1/counts" "$2" "$3" <"$1/questions" >"$1/answers"' sh "$scratch" "${calls[@]}" >&2 || fail "strace failed"
  awk '$NF == "total" { print $(NF - 1) ~ /^[0-9]+$/ && NF == 6 ? $4 : $(NF - 1) }' "$scratch/counts"
}
with=$(counted $'stat /vrift 100000\nmiss /vrift 100000\n')
without=$(counted $'stat /vrift 10\nmiss /vrift 10\n')
[ -n "$with" ] && [ -n "$without" ] || fail "cannot read what strace counted"
natively=$(sed 's,/vrift,'"$place/tree"',' "$scratch/questions" >"$scratch/native" && strace -c -o "$scratch/counts" "${calls[@]}" <"$scratch/native" >/dev/null && awk '$NF ~ /stat/ { sum += $4 } END { print sum }' "$scratch/counts")
[ "$natively" -ge 40 ] || fail "strace does not see the stat(2) of a native program: $natively"
echo "system calls with 200,000 stat(2) of the tree: $with, with 40: $without"

# --- All in turn. ---

status=0
python3 "$repository/bench/shim.py" "$place" "$ROUNDS" "$((with - without))" \
  --- native "$place/tree" "$place/project" "${calls[@]}" \
  --- "velo run" /vrift /vrift/project "${run[@]}" "${calls[@]}" \
  --- static "$place/tree" "$place/project" "${static[@]}" \
  --- supervised /vrift /vrift/project "${run[@]}" "${static[@]}" \
  --- proot /vrift /vrift/project proot -b "$place/bound:/vrift" "${calls[@]}" \
  --- fakechroot /vrift /vrift/project "${fakechroot[@]}" "${calls[@]}" || status=$?
# Run by root, proot leaves the place that it bound to.
rmdir /vrift 2>/dev/null || true
echo "load afterwards $(load)"
exit "$status"
