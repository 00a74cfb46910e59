#!/usr/bin/env bash
# The launcher alone beside bubblewrap: the same root file system, the same program, in the same run, in turn. Usage: bench/launch.sh [DIRECTORY]
# ROUNDS (1,000) starts of each. Run by root, an ordinary user (AS, default 54321; AS=root: root) does the work on the new file system.
# The plan is what Java hands over: it is caught once, and no JVM runs while times are taken.
set -euo pipefail
ROUNDS=${ROUNDS:-1000}
LOOP_SIZE=${LOOP_SIZE:-2G}
LOOP_INODES=${LOOP_INODES:-200000}
. "$(dirname "${BASH_SOURCE[0]}")/tree.sh"
. "$repository/scripts/packages.sh"

need bubblewrap command -v bwrap
need busybox-static is_static_busybox
need gcc command -v gcc
install_missing
prepare launch "$@"

user=()
if [ "$(id -u)" -eq 0 ] && [ "${AS:=54321}" != root ]; then
  user=(env HOME="$place" setpriv --reuid="$AS" --regid="$AS" --clear-groups)
  chmod 0755 "$scratch" "$place"
fi
echo "as $([ ${#user[@]} -eq 0 ] && id -un || echo "user $AS"), load $(cut -d' ' -f1-3 /proc/loadavg), $(nproc) processors, Linux $(uname -r), $(bwrap --version)"

# A distribution whose launcher writes the plan down.
home=$place/velo
mkdir -p "$home/bin" "$home/libexec" "$place/plans"
cp "$(dirname "$velo")/velo" "$home/bin/"
cp -r "$(dirname "$velo")/../lib" "$home/"
cp "$(dirname "$velo")"/../libexec/{velo-jvm,java.sh,build} "$home/libexec/"
cp "$(dirname "$velo")/../libexec/velo-launch" "$home/libexec/real"
cat >"$home/libexec/velo-launch" <<END
#!/bin/sh
[ \$# -eq 0 ] || exec $home/libexec/real "\$@"
cat <&3 >$place/plans/caught
END
chmod 0755 "$home/libexec/velo-launch"
compiler=$(command -v musl-gcc || echo gcc)
"$compiler" -O2 -static -x c -o "$place/true" - <<<'int main(void) { return 0; }'
gcc -std=c11 -O2 -Wall -Wextra -o "$place/launch" "$repository/bench/launch.c"
[ ${#user[@]} -eq 0 ] || chown -R "$AS:$AS" "$place"

as_user() { "${user[@]}" "$@"; }
as_user env VELO_HOME="$home" "$repository/scripts/setup_busybox.sh" --output "$place/busybox.velo" >/dev/null
as_user "$home/bin/velo" export "$place/busybox.velo" "$place/tree"
as_user sh -c 'rm "$1/tree/bin/true" && cp "$1/true" "$1/tree/bin/true"' sh "$place"
as_user "$home/bin/velo" ingest "$place/tree" --output "$place/root.velo" >/dev/null

# caught NAME OPTION... -- COMMAND...: the plan of a run, and its run directory, which the next plan's run would remove.
caught() {
  local name=$1 leases=("$place"/store/leases/*)
  shift
  as_user "$home/bin/velo" run --isolate --manifest "$place/root.velo" "$@"
  leases=("$place"/store/leases/*)
  [ ${#leases[@]} -eq 1 ] && [ -e "${leases[0]}/lock" ] || { echo "cannot find the run directory: ${leases[*]}" >&2; exit 1; }
  as_user mv "$place/plans/caught" "$place/plans/$name"
  as_user mv "${leases[0]}" "$place/plans/$name.run"
  echo "${leases[0]}" >"$scratch/$name.place"
}
caught none -- /bin/true
caught host --net host -- /bin/true
caught sleep -- /bin/sleep 3

plan() { echo plan "$place/plans/$1" "$(cat "$scratch/$1.place")" "$place/plans/$1.run" "$home/libexec/real"; }
bwrap=("$(command -v bwrap)" --bind "$place/tree" / --proc /proc --dev /dev --tmpfs /tmp --unshare-all)
# shellcheck disable=SC2046 # words of the plan
as_user "$place/launch" "$ROUNDS" \
  -- "velo-launch, network namespace" $(plan none) -- "bwrap --unshare-all" command "${bwrap[@]}" /bin/true \
  -- "velo-launch, no network namespace" $(plan host) -- "bwrap --unshare-all --share-net" command "${bwrap[@]}" --share-net /bin/true
echo "load afterwards $(cut -d' ' -f1-3 /proc/loadavg)"

as_user cp -r "$place/plans/sleep.run" "$(cat "$scratch/sleep.place")"
"${user[@]}" env -i "$home/libexec/real" 3<"$place/plans/sleep" &
supervisor=$!
sleep 1
# The program that became the launcher is the shell's own child; init is its only one.
init=$(cat "/proc/$supervisor/task/$supervisor/children")
for process in "supervisor $supervisor" "init $init"; do
  read -r name id <<<"$process"
  echo "$name: at most $(grep VmHWM "/proc/$id/status" | tr -dc 0-9) KiB resident"
done
wait "$supervisor"
