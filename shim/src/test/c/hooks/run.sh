#!/bin/sh
# run.sh BUILD TABLE GROUP...: the tests of these groups, first without the library, where every case must fail, then with it, each group
# in a session of its own. Cases and table must name the same.
# MACHINE: the one that they are for. RUN: what runs them where that is not this one; then those of emulated.list are left out.
set -u
build=$(cd "$1" && pwd)
table=$2
shift 2
machine=${MACHINE:-$(uname -m)}
run=${RUN:-}
work=$(mktemp -d "${TMPDIR:-/tmp}/velo-hooks.XXXXXX")
trap 'rm -rf "$work"' EXIT
status=0

for group; do
    $run "$build/hooks/${group}_test" --list
done | LC_ALL=C sort >"$work/cases"
awk -v form=tests -v machine="$machine" -f "$(dirname "$table")/hooks.awk" "$table" | LC_ALL=C sort >"$work/wanted"
if ! diff "$work/wanted" "$work/cases" >"$work/diff"; then
    echo "cases that only the table (<) or only the tests (>) have:"
    cat "$work/diff"
    status=1
fi

cp "$work/wanted" "$work/able"
starts_programs=
if [ -n "$run" ]; then
    starts_programs="sh $(dirname "$0")/emulated.sh $run"
    $starts_programs "$build/hooks/exec_test" --list >"$work/said" 2>&1 || starts_programs=
    grep -v '^#' "$(dirname "$0")/emulated.list" >"$work/list"
    while read -r name needs reason; do
        if [ "$needs" != programs ] || [ -z "$starts_programs" ]; then
            echo "hooks: skipped $name under an emulator: $reason"
            grep -vxF "$name" "$work/able" >"$work/rest"
            mv "$work/rest" "$work/able"
        fi
    done <"$work/list"
fi

for group; do
    test=$build/hooks/${group}_test
    grep -q "^$group:" "$work/able" || continue
    env -u LD_PRELOAD -u VELO_SHIM_SESSION timeout 120 $run "$test" --without || status=1
    $run "$build/hooks/session_maker" "$work/$group" "$build/hooks/program" "$build/hooks/library.so" || exit 1
    where=
    case $group in exec | raw) where=$starts_programs ;; esac
    timeout 120 $where env LD_PRELOAD="$build/libvelo-shim.so" VELO_SHIM_SESSION="$work/$group/session" $run "$test" --only "$work/able" || status=1
done

if [ -n "$run" ]; then
    # Of session.sh and libraries.sh, what needs no program of the system.
    $run "$build/hooks/session_maker" "$work/threads" "$build/hooks/program" "$build/hooks/library.so" || exit 1
    timeout 120 env LD_PRELOAD="$build/libvelo-shim.so" VELO_SHIM_SESSION="$work/threads/session" $run "$build/hooks/threads" /velo-hooks-tree/dir alone ||
        { echo "threads: FAILED"; status=1; }
    timeout 120 $run "$build/hooks/threads" /velo-hooks-tree/dir alone 2>/dev/null && { echo "threads: pass without the library"; status=1; }
    "$run" "$build/hooks/session_maker" "$work/libraries" "$build/hooks/linked" "$build/hooks/library.so" || exit 1
    for audit in "" "$build/libvelo-audit.so"; do
        timeout 60 env LD_AUDIT="$audit" LD_PRELOAD="$build/libvelo-shim.so" VELO_SHIM_SESSION="$work/libraries/session" \
            LD_LIBRARY_PATH=/velo-hooks-tree/dir "$run" "$build/hooks/unlinked" >"$work/said" 2>/dev/null
        if [ "$(cat "$work/said")" != "${audit:+/velo-hooks-tree/dir/library.so}" ]; then
            echo "libraries: LD_LIBRARY_PATH with LD_AUDIT='$audit': $(cat "$work/said")"
            status=1
        fi
    done
    echo "threads: skipped forks: in the child of a process with threads qemu may wait for a lock of its own"
    echo "threads, libraries: done, with the library and without"
fi

# The same with musl: cases of the names that it has.
if [ -x "$build/hooks/musl/open_test" ]; then
    awk -F ' [|] ' '!/^#/ && NF == 7 && $2 ~ /musl/ && $7 != "-" { print $7 }' "$table" >"$work/musl"
    for group; do
        test=$build/hooks/musl/${group}_test
        env -u LD_PRELOAD -u VELO_SHIM_SESSION timeout 120 "$test" --without || status=1
        "$build/hooks/session_maker" "$work/musl-$group" "$build/hooks/program" "$build/hooks/library.so" || exit 1
        grep -q "^$group:" "$work/musl" || continue
        LD_PRELOAD=$build/libvelo-shim.so VELO_SHIM_SESSION=$work/musl-$group/session timeout 120 "$test" --only "$work/musl" >"$work/said" ||
            status=1
        sed 's/^/musl: /' "$work/said"
    done
else
    echo "hooks: skipped musl, since there is no musl-gcc for $machine"
fi
exit $status
