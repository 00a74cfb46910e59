#!/usr/bin/env bash
# What bin/velo costs beside what it does: the same plan from a resident process and by velo-launch alone; an answer that is only an exit
# status; and what it adds to a start of Java, for which a program that does nothing stands in. Usage: bench/client.sh [DIRECTORY]
# ROUNDS (500) of each, in turn. Run by root, an ordinary user (AS, default 54321) does the work on the new file system. The resident process is the tests' (it/src/test/resources/resident.c), which plans nothing.
set -euo pipefail
ROUNDS=${ROUNDS:-500}
LOOP_SIZE=${LOOP_SIZE:-2G}
LOOP_INODES=${LOOP_INODES:-200000}
. "$(dirname "${BASH_SOURCE[0]}")/tree.sh"
. "$repository/scripts/packages.sh"

need busybox-static is_static_busybox
need gcc command -v gcc
install_missing
prepare client "$@"
end_resident() {
  if [ -e "$place/started" ]; then
    kill "$(cat "$place/started")" 2>/dev/null || true
    rm -f "$place/started"
    sleep 0.2
  fi
}
trap 'end_resident; finish' EXIT

user=()
if [ "$(id -u)" -eq 0 ]; then
  AS=${AS:-54321}
  user=(env HOME="$place" setpriv --reuid="$AS" --regid="$AS" --clear-groups)
  chmod 0755 "$scratch" "$place"
fi
as_user() { "${user[@]}" "$@"; }
echo "as $([ ${#user[@]} -eq 0 ] && id -un || echo "user $AS"), load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) processors, Linux $(uname -r)"

distribution=$(cd "$(dirname "$velo")/.." && pwd)
compiler=$(command -v musl-gcc || echo gcc)
mkdir -p "$place/catcher" "$place/fake/bin" "$place/fake/libexec" "$place/jdk/bin" "$place/plans"
mkdir -m 0700 "$place/runtime"
cp -r "$distribution/." "$place/catcher"
mv "$place/catcher/libexec/velo-launch" "$place/catcher/real"
cat >"$place/catcher/libexec/velo-launch" <<END
#!/bin/sh
[ \$# -eq 0 ] || exec $place/catcher/real "\$@"
cat <&3 >$place/plans/caught
END
chmod 0755 "$place/catcher/libexec/velo-launch"
"$compiler" -O2 -static -x c -o "$place/true" - <<<'int main(void) { return 0; }'
cp "$place/true" "$place/jdk/bin/java"
"$compiler" -std=c11 -D_GNU_SOURCE -O2 -static -o "$place/resident" "$repository/it/src/test/resources/resident.c"
gcc -std=c11 -O2 -Wall -Wextra -o "$place/launch" "$repository/bench/launch.c"
printf 'VELO\1\0\0\0\23\0\0\0\4\0\0\0\0\0\0\0' >"$place/exit"
cp "$distribution/bin/velo" "$place/fake/bin/"
cat >"$place/fake/libexec/velo-jvm" <<END
#!/bin/sh
if [ "\$*" != cold ]; then
    echo \$\$ >>$place/started
    RESIDENT_SECONDS=900 RESIDENT_ALONE=1 exec $place/resident "\$4" "\$6" \$(cat $place/part)
fi
END
chmod 0755 "$place/fake/libexec/velo-jvm"
[ ${#user[@]} -eq 0 ] || chown -R "$AS:$AS" "$place"

# The plan of a run on busybox, and its run directory, which the next start of velo would remove.
as_user env VELO_HOME="$place/catcher" "$repository/scripts/setup_busybox.sh" --output "$place/root.velo" >/dev/null
as_user "$place/catcher/bin/velo" export "$place/root.velo" "$place/tree"
as_user sh -c 'rm "$1/tree/bin/true" && cp "$1/true" "$1/tree/bin/true"' sh "$place"
as_user "$place/catcher/bin/velo" ingest "$place/tree" --output "$place/root.velo" >/dev/null
as_user "$place/catcher/bin/velo" run --isolate --manifest "$place/root.velo" -- /bin/true
leases=("$place"/store/leases/*)
[ ${#leases[@]} -eq 1 ] && [ -e "${leases[0]}/lock" ] || { echo "cannot find the run directory: ${leases[*]}" >&2; exit 1; }
as_user mv "${leases[0]}" "$place/plans/run"
run=${leases[0]}

# resident PART: the one before ends; the next is there before times are taken.
resident() {
  end_resident
  echo "$1" >"$place/part"
  as_user env VELO_DAEMON=1 "$place/fake/bin/velo" run 2>/dev/null || true
}
export XDG_RUNTIME_DIR=$place/runtime JAVA_HOME=$place/jdk
resident "plan $place/plans/caught $place/lock"
as_user env VELO_DAEMON=1 "$place/launch" "$ROUNDS" \
  -- "bin/velo, planned by a resident process" served "$run" "$place/plans/run" "$place/fake/bin/velo" run --isolate --manifest x /bin/true \
  -- "velo-launch, the same plan" plan "$place/plans/caught" "$run" "$place/plans/run" "$place/catcher/real"
resident "frames $place/exit"
as_user env VELO_DAEMON=1 "$place/launch" "$ROUNDS" \
  -- "bin/velo, answered by a resident process" asks "$place/fake/bin/velo" run --isolate \
  -- "a static program that does nothing" asks "$place/true"
as_user "$place/launch" "$ROUNDS" \
  -- "bin/velo, which starts velo-jvm, which starts no Java" asks "$place/catcher/bin/velo" run --isolate \
  -- "velo-jvm alone" asks "$place/catcher/libexec/velo-jvm" run --isolate
end_resident
echo "load afterwards $(cut -d' ' -f1-3 /proc/loadavg)"
