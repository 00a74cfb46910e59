#!/usr/bin/env bash
# How fast `velo run --isolate` starts: by a resident process beside bubblewrap and beside the least that such a sandbox takes (floor.c), by
# many clients, for the first time beside `cp -al`, and without a resident process; and what the resident process takes. Usage: bench/start.sh [DIRECTORY]
# ROUNDS (100) of what is fast, FIRST_ROUNDS and COLD_ROUNDS (30) of what is not, SLICES (30) of a second for two clients, RUNS (100,000) of the
# resident process. QUICK=1: few of all, to see that it works; its figures hold for nothing. PARTS: some of the parts, in this
# order: warm clients first client resident cold. Run by root, an ordinary user (AS, default 54321) does the work on the new file system.
set -euo pipefail
if [ -n "${QUICK:-}" ]; then
  ROUNDS=${ROUNDS:-10} WARM_UP=${WARM_UP:-10} FIRST_ROUNDS=${FIRST_ROUNDS:-3} COLD_ROUNDS=${COLD_ROUNDS:-3} SLICES=${SLICES:-4} RUNS=${RUNS:-2000} IDLE=${IDLE:-2}
fi
ROUNDS=${ROUNDS:-100} WARM_UP=${WARM_UP:-50} FIRST_ROUNDS=${FIRST_ROUNDS:-30} FIRST_WARM_UP=${FIRST_WARM_UP:-3} COLD_ROUNDS=${COLD_ROUNDS:-30}
SLICES=${SLICES:-30} SLICE_SECONDS=${SLICE_SECONDS:-1} CLIENTS=${CLIENTS:-2} RUNS=${RUNS:-100000} IDLE=${IDLE:-30}
LOOP_SIZE=${LOOP_SIZE:-12G}
LOOP_INODES=${LOOP_INODES:-1500000}
. "$(dirname "${BASH_SOURCE[0]}")/tree.sh"
. "$repository/scripts/packages.sh"

need bubblewrap command -v bwrap
need gcc command -v gcc
need musl-tools command -v musl-gcc
need python3 command -v python3
install_missing
prepare start "$@"
[ ! -e "${XDG_CONFIG_HOME:-$HOME/.config}/velo/config.yaml" ] || [ "$(id -u)" -eq 0 ] || echo "with the settings of ${XDG_CONFIG_HOME:-$HOME/.config}/velo/config.yaml"

user=()
if [ "$(id -u)" -eq 0 ]; then
  AS=${AS:-54321}
  user=(env HOME="$place" setpriv --reuid="$AS" --regid="$AS" --clear-groups)
  chmod 0755 "$scratch" "$place"
fi
as_user() { "${user[@]}" "$@"; }
fail() {
  echo "bench/start.sh: $*" >&2
  exit 1
}
load() { cut -d' ' -f1-3 /proc/loadavg; }

# --- What is there. ---

# The homes of the JDKs and JREs, one a line: "MAJOR HOME".
runtimes() {
  local java home version
  for java in "${JAVA_HOME:+$JAVA_HOME/bin/java}" "$(command -v java || true)" /usr/lib/jvm/*/bin/java /opt/*/bin/java; do
    [ -n "$java" ] && [ -x "$java" ] || continue
    home=$(dirname "$(dirname "$(readlink -f "$java")")")
    version=$(sed -n 's/^JAVA_VERSION="\(.*\)"/\1/p' "$home/release" 2>/dev/null)
    [ -z "$version" ] || echo "${version%%[.-]*} $home"
  done | awk '!seen[$0]++'
}
runtime() { runtimes | awk -v major="$1" '$1 == major && !found { print $2; found = 1 }'; }
own_runtime=$(runtimes | awk '$1 >= 17 && !found { print $2; found = 1 }')
[ -n "$own_runtime" ] || fail "cannot find Java 17 or newer; run scripts/quickstart.sh"

distribution=$(cd "$(dirname "$velo")/.." && pwd)
echo "as $([ ${#user[@]} -eq 0 ] && id -un || echo "user $AS"); $(nproc) processors ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), $(($(sed -n 's/^MemTotal: *\([0-9]*\).*/\1/p' /proc/meminfo) / 1024)) MiB, Linux $(uname -r), $(df --output=fstype "$place" | tail -n 1), load before $(load)"
echo "velo build $(cat "$distribution/libexec/build"), Java of the resident process $(sed -n 's/^JAVA_VERSION="\(.*\)"/\1/p' "$own_runtime/release"), $(bwrap --version), $(cp --version | head -n 1)"
echo "$ROUNDS rounds after $WARM_UP that do not count, in a new random order each; all times are medians"

# --- What is compared. ---

compiler=$(command -v musl-gcc)
launcher_source="$repository/namespaces/src/main/c/velo-launch"
strict=(-std=c11 -O2 -Wall -Wextra)
gcc "${strict[@]}" -o "$place/launch" "$repository/bench/launch.c"
gcc "${strict[@]}" -o "$place/clients" "$repository/bench/clients.c"
"$compiler" "${strict[@]}" -static -o "$place/stamp" "$repository/bench/stamp.c"
awk -v form=c -f "$launcher_source/table.awk" "$launcher_source/syscalls.table" >"$scratch/syscalls.inc"
"$compiler" "${strict[@]}" -D_GNU_SOURCE -static -idirafter /usr/include -idirafter "/usr/include/$(gcc -print-multiarch)" -I "$launcher_source" -I "$scratch" -o "$place/floor" "$repository/bench/floor.c"
"$compiler" -O2 -static -x c -o "$place/true" - <<<'int main(void) { return 0; }'

# Every start of Java is counted: a run that is said to be warm must not be one.
mkdir -p "$place/jdk/bin" "$place/skeleton/dev" "$place/skeleton/proc" "$place/floors" "$place/few" "$place/first"
mkdir -m 0700 "$place/runtime"
for entry in "$own_runtime"/*; do [ "${entry##*/}" = bin ] || ln -s "$entry" "$place/jdk/"; done
for entry in "$own_runtime"/bin/*; do [ "${entry##*/}" = java ] || ln -s "$entry" "$place/jdk/bin/"; done
cat >"$place/jdk/bin/java" <<END
#!/bin/sh
echo "\$*" >>$place/starts
exec $own_runtime/bin/java "\$@"
END
chmod 0755 "$place/jdk/bin/java"
: >"$place/starts"

# One of the files is the program.
FILES=$((FILES - 1)) make_tree "$place/source"
FILES=9 DEPTH=2 make_tree "$place/few/source" >/dev/null
for tree in "$place/source" "$place/few/source"; do
  mkdir "$tree/bin"
  cp "$place/true" "$tree/bin/true"
done
[ ${#user[@]} -eq 0 ] || chown -R "$AS:$AS" "$place"

export XDG_RUNTIME_DIR=$place/runtime JAVA_HOME=$place/jdk VELO_DAEMON=1
resident=
# It holds files open below $place.
end_resident() {
  local waited=0
  [ -n "$resident" ] || return 0
  as_user "$velo" daemon stop >/dev/null 2>&1 || true
  while [ -e "/proc/$resident" ] && [ "$waited" -lt 100 ]; do
    sleep 0.1
    waited=$((waited + 1))
  done
  if [ -e "/proc/$resident" ]; then
    echo "the resident process did not end in 10 s; it is killed" >&2
    kill -9 "$resident"
    sleep 1
  fi
  resident=
}
trap 'end_resident; finish' EXIT

ingest() { as_user "$velo" ingest "$1" --output "$2" >/dev/null; }
ingest "$place/source" "$place/many.velo"
ingest "$place/few/source" "$place/few.velo"
as_user "$velo" export "$place/many.velo" "$place/tree"
[ "$(find "$place/tree" -type f | wc -l)" -eq "$FILES" ] || fail "the exported tree has not $FILES files"
# bwrap makes no directories in what it shows read-only.
as_user mkdir "$place/tree/proc" "$place/tree/dev" "$place/tree/tmp"
state() { as_user "$velo" daemon status --json >"$scratch/state" || fail "there is no resident process"; }
as_user "$velo" daemon start >/dev/null
resident=none
state
resident=$(field "$scratch/state" pid)

of_many=("$velo" run --isolate --manifest "$place/many.velo")
of_few=("$velo" run --isolate --manifest "$place/few.velo")
run_many=("${of_many[@]}" -- /bin/true)
bwrap=("$(command -v bwrap)" --unshare-all --ro-bind "$place/tree" /)
floor=("$place/floor" "$place/tree" "$place/skeleton" "$place/floors" /bin/true)
floor_twice=("$place/floor" -2 "$place/tree" "$place/skeleton" "$place/floors" /bin/true)
as_user "${run_many[@]}"
as_user "${of_few[@]}" -- /bin/true

# begin_warm; ... 2>>"$scratch/said" || failed; end_warm RUNS: that many were planned by the same resident process, Java was not started, nobody complained.
begin_warm() {
  state
  requests=$(field "$scratch/state" requests)
  starts=$(wc -l <"$place/starts")
  : >"$scratch/said"
}
failed() { fail "a run failed: $(head -n 3 "$scratch/said")"; }
end_warm() {
  local planned
  state
  planned=$(($(field "$scratch/state" requests) - requests))
  [ ! -s "$scratch/said" ] || fail "a run that should be silent said: $(head -n 3 "$scratch/said")"
  [ "$(field "$scratch/state" pid)" = "$resident" ] || fail "the resident process is another one"
  [ "$(wc -l <"$place/starts")" -eq "$starts" ] || fail "Java was started: a run was not warm"
  [ "$planned" -eq "$1" ] || fail "the resident process was asked for $planned runs, not for $1"
  echo "    ($([ "$1" -eq 0 ] || echo "all $1 runs of velo planned by the resident process, ")no start of Java)"
}

compare() { python3 "$repository/bench/compare.py" "$@"; }

# --- What is measured. ---

measure_warm() {
  echo
  echo "1, 2. Warm start of a static program that does nothing, $FILES files"
  begin_warm
  as_user "$place/launch" -w "$WARM_UP" -p "$resident" -o "$place/warm" "$ROUNDS" \
    -- many asks "${of_many[@]}" --- /bin/true -- few asks "${of_few[@]}" --- /bin/true \
    -- bwrap command "${bwrap[@]}" /bin/true -- fuller command "${bwrap[@]}" --proc /proc --dev /dev --tmpfs /tmp /bin/true \
    -- floor command "${floor_twice[@]}" -- bare command "${floor[@]}" 2>>"$scratch/said" || failed
  end_warm $((2 * (ROUNDS + WARM_UP)))
  compare contender "$place/warm" 0 "velo run --isolate, $FILES files"
  compare contender "$place/warm" 1 "velo run --isolate, 10 files"
  compare contender "$place/warm" 2 "bwrap --unshare-all --ro-bind TREE /"
  compare contender "$place/warm" 3 "bwrap, also --proc /proc --dev /dev --tmpfs /tmp"
  compare contender "$place/warm" 4 "floor, the same namespaces and ceilings"
  compare contender "$place/warm" 5 "floor without ceilings and second user namespace"
  compare ratio "$place/warm" 0 2 0.85 "velo, beside bwrap"
  compare ratio "$place/warm" 0 3 - "velo, beside bwrap with /proc, /dev, /tmp"
  compare ratio "$place/warm" 0 4 1.4 "velo, beside the floor"
  compare ratio "$place/warm" 0 5 - "velo, beside the floor without second user namespace"
  compare ratio "$place/warm" 4 2 - "the floor, beside bwrap"
  compare ratio "$place/warm" 0 1 1.1 "velo, $FILES files beside 10"
}

measure_clients() {
  echo
  echo "3. $CLIENTS clients in a loop, $SLICES slices of $SLICE_SECONDS s each, in turn"
  begin_warm
  velo_rates= bwrap_rates= velo_work= bwrap_work= runs=0
  # slice NAME PID COMMAND...: into NAME_rates (runs a second) and NAME_work (milliseconds of processor time a run, the resident process's included)
  slice() {
    local -n rates=$1_rates work=$1_work
    local done seconds own theirs
    as_user "$place/clients" "$CLIENTS" -s "$SLICE_SECONDS" "${@:2}" >"$scratch/slice" 2>>"$scratch/said" || failed
    read -r done seconds own theirs <"$scratch/slice"
    rates+=" $(awk -v n="$done" -v s="$seconds" 'BEGIN { printf "%.2f", n / s }')"
    work+=" $(awk -v n="$done" -v a="$own" -v b="$theirs" 'BEGIN { printf "%.3f", (a + b) / n }')"
    [ "$1" != velo ] || runs=$((runs + done))
  }
  for round in $(seq "$SLICES"); do
    if [ $((round % 2)) -eq 1 ]; then
      slice velo "$resident" "${run_many[@]}"
      slice bwrap 0 "${bwrap[@]}" /bin/true
    else
      slice bwrap 0 "${bwrap[@]}" /bin/true
      slice velo "$resident" "${run_many[@]}"
    fi
  done
  end_warm "$runs"
  compare lists "$velo_rates" "$bwrap_rates" +1.2 "runs a second, velo beside bwrap"
  compare lists "$velo_work" "$bwrap_work" - "processor ms a run, the resident process included"
}

# Every round has a manifest of its own, of the same contents, with another time of the root. Nothing is deleted between rounds.
measure_first() {
  echo
  echo "4. First run of a manifest of $FILES files, the resident process being there; $FIRST_ROUNDS rounds after $FIRST_WARM_UP"
  for round in $(seq $((FIRST_WARM_UP + FIRST_ROUNDS))); do
    as_user touch -d "2020-01-01T00:00:00Z + $round seconds" "$place/source"
    ingest "$place/source" "$place/first/$round.velo"
  done
  first_velo() { timed "$1" as_user "$velo" run --isolate --manifest "$place/first/$round.velo" -- /bin/true 2>>"$scratch/said"; }
  first_links() { timed "$1" as_user cp -al "$place/tree" "$place/first/linked$round"; }
  begin_warm
  for round in $(seq $((FIRST_WARM_UP + FIRST_ROUNDS))); do
    part=$([ "$round" -gt "$FIRST_WARM_UP" ] || echo -warm-up)
    if [ $((round % 2)) -eq 1 ]; then
      first_velo "first$part"
      first_links "links$part"
    else
      first_links "links$part"
      first_velo "first$part"
    fi
  done
  end_warm $((FIRST_WARM_UP + FIRST_ROUNDS))
  echo "    velo, the first ones, not counted: ${times[first-warm-up]:-}ms; cp -al: ${times[links-warm-up]:-}ms"
  compare lists "${times[first]}" "${times[links]}" 1.3 "ms, first run beside cp -al of the tree"
}

measure_client() {
  echo
  echo "5. The client alone"
  begin_warm
  as_user "$place/launch" -w "$WARM_UP" -p "$resident" -o "$place/client" "$ROUNDS" \
    -- status asks "$velo" daemon status -- nothing command "$place/true" >/dev/null 2>>"$scratch/said" || failed
  end_warm 0
  compare contender "$place/client" 0 "velo daemon status"
  compare contender "$place/client" 1 "a static program that does nothing"
  compare most "$(awk '$2 == 0 { print $4 }' "$place/client" | sort -n | awk '{ v[NR] = $1 } END { printf "%.2f", (v[int((NR + 1) / 2)] + v[int(NR / 2) + 1]) / 2 }')" 2 "velo daemon status, ms"
}

measure_resident() {
  echo
  echo "6. The resident process: idle for $IDLE s after the above, after each tenth of $RUNS runs by $CLIENTS clients, and idle again"
  # look LABEL: resident set, its part that is no file's, threads, descriptors
  rss=()
  look() {
    local size own
    size=$(sed -n 's/^VmRSS:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$resident/status")
    own=$(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$resident/status")
    rss+=("$size")
    printf '    %-28s %6.1f MiB resident, %6.1f of no file, %s threads, %s descriptors\n' "$1" "$(awk -v k="$size" 'BEGIN { print k / 1024 }')" \
      "$(awk -v k="$own" 'BEGIN { print k / 1024 }')" "$(ls "/proc/$resident/task" | wc -l)" "$(ls "/proc/$resident/fd" | wc -l)"
  }
  mib() { awk -v k="$1" 'BEGIN { printf "%.1f", k / 1024 }'; }
  sleep "$IDLE"
  look "idle, after the above"
  begin_warm
  began=$(milliseconds)
  share=$(((RUNS + 9) / 10))
  for part in $(seq 10); do
    as_user "$place/clients" "$CLIENTS" -n "$share" "$resident" "${run_many[@]}" >"$scratch/slice" 2>>"$scratch/said" || failed
    [ "$(cut -d' ' -f1 "$scratch/slice")" -eq "$share" ] || fail "there were $(cut -d' ' -f1 "$scratch/slice") runs of $share"
    look "after $((part * share)) runs"
  done
  echo "    $((10 * share)) runs in $((($(milliseconds) - began) / 1000)) s"
  sleep "$IDLE"
  look "idle again"
  end_warm $((10 * share))
  compare most "$(mib "${rss[0]}")" 120 "MiB resident, idle after the above"
  compare most "$(mib "${rss[11]}")" 120 "MiB resident, idle after $((10 * share)) runs more"
  compare most "$(mib "$(printf '%s\n' "${rss[@]}" | sort -n | tail -n 1)")" - "MiB resident, the most of all these"
  compare most "$(awk -v a="${rss[1]}" -v b="${rss[10]}" 'BEGIN { printf "%+.1f", (b - a) / 1024 }')" - "MiB, from the first tenth of the runs to the last"
}

measure_cold() {
  echo
  echo "7. Cold: velo run --no-daemon, $FILES files, farm there; $COLD_ROUNDS rounds after 2"
  end_resident
  ! as_user "$velo" daemon status >/dev/null 2>&1 || fail "there is still a resident process"
  # A second distribution, whose Java and launcher note when they are executed, and Java each class that it loads.
  mkdir "$place/noting"
  cp -r "$distribution/." "$place/noting"
  mv "$place/noting/libexec/velo-launch" "$place/noting/libexec/velo-launch.real"
  cp "$place/stamp" "$place/noting/libexec/velo-launch"
  plain=() noted=() releases=()
  for major in 17 25; do
    home=$(runtime "$major")
    if [ -z "$home" ]; then
      echo "    no JDK $major: none is in JAVA_HOME, PATH, /usr/lib/jvm or /opt; install one there to have it measured"
      continue
    fi
    # As who installs velo does, for each Java.
    for installed in "$distribution" "$place/noting"; do
      JAVA_HOME=$home "$installed/libexec/velo-archive" || true
    done
    own=$place/jdk-$major
    mkdir -p "$own/bin"
    for entry in "$home"/*; do [ "${entry##*/}" = bin ] || ln -s "$entry" "$own/"; done
    cp "$place/stamp" "$own/bin/java"
    ln -s "$home/bin/java" "$own/bin/java.real"
    echo "-Xlog:class+load:file=$own/bin/classes-%p:tn:filecount=0" >"$own/bin/java.option"
    releases+=("$major")
    run=(run --no-daemon --isolate --manifest "$place/many.velo" --- /bin/true)
    plain+=(-- "$major" asks "$(command -v env)" JAVA_HOME="$home" "$velo" "${run[@]}")
    noted+=(-- "$major" asks "$(command -v env)" JAVA_HOME="$own" "$place/noting/bin/velo" "${run[@]}")
  done
  [ ${#user[@]} -eq 0 ] || chown -hR "$AS:$AS" "$place/noting" "$place"/jdk-*
  if [ ${#releases[@]} -gt 0 ]; then
    as_user "$place/launch" -w 2 -o "$place/cold" "$COLD_ROUNDS" "${plain[@]}" "${noted[@]}"
  fi
  for number in "${!releases[@]}"; do
    release=$(sed -n 's/^JAVA_VERSION="\(.*\)"/\1/p' "$place/jdk-${releases[number]}/release")
    compare contender "$place/cold" "$number" "Java $release"
    compare cold "$place/cold" $((number + ${#releases[@]})) "$place/jdk-${releases[number]}/bin" "$place/noting/libexec/velo-launch.stamps" "Java $release, with a note of each class"
  done
}

for measured in ${PARTS:-warm clients first client resident cold}; do
  "measure_$measured"
done
echo
echo "load afterwards $(load)"
