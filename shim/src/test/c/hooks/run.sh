#!/bin/sh
# run.sh BUILD TABLE GROUP...: the tests of these groups, first without the library, where every case must fail, then with it, each group
# in a session of its own. Cases and table must name the same.
set -u
build=$(cd "$1" && pwd)
table=$2
shift 2
work=$(mktemp -d "${TMPDIR:-/tmp}/velo-hooks.XXXXXX")
trap 'rm -rf "$work"' EXIT
status=0

for group; do
    "$build/hooks/${group}_test" --list
done | LC_ALL=C sort >"$work/cases"
awk -v form=tests -f "$(dirname "$table")/hooks.awk" "$table" | LC_ALL=C sort >"$work/wanted"
if ! diff "$work/wanted" "$work/cases" >"$work/diff"; then
    echo "cases that only the table (<) or only the tests (>) have:"
    cat "$work/diff"
    status=1
fi

for group; do
    test=$build/hooks/${group}_test
    env -u LD_PRELOAD -u VELO_SHIM_SESSION timeout 120 "$test" --without || status=1
    "$build/hooks/session_maker" "$work/$group" "$build/hooks/program" "$build/hooks/library.so" || exit 1
    LD_PRELOAD=$build/libvelo-shim.so VELO_SHIM_SESSION=$work/$group/session timeout 120 "$test" || status=1
done

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
    echo "hooks: skipped musl, since there is no musl-gcc"
fi
exit $status
