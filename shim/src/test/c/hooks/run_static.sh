#!/bin/sh
# run_static.sh BUILD KIND GROUP...: the tests of these groups as static programs (BUILD/hooks/KIND), first without the supervisor, where
# every case must fail, then with it, each group in a session of its own. static.list and KIND.list name the cases that cannot be, and why.
set -u
build=$(cd "$1" && pwd)
kind=$2
shift 2
work=$(mktemp -d "${TMPDIR:-/tmp}/velo-static.XXXXXX")
trap 'rm -rf "$work"' EXIT
status=0

cat "$(dirname "$0")/static.list" "$(dirname "$0")/$kind.list" | LC_ALL=C sort -u >"$work/list"
list=$work/list
sed -n 's/^\([a-z]*:[A-Za-z_0-9]*\) | .*/\1/p' "$list" | LC_ALL=C sort -u >"$work/cannot"
for group; do
    test=$build/hooks/$kind/${group}_test
    # What the C library has no symbol for is no case of a static program.
    "$test" --list | LC_ALL=C sort >"$work/all"
    sed -n 's/SYMBOL("\([^"]*\)".*/'"$group"':\1/p' "$build/hooks/$kind/${group}.inc" >"$work/has"
    { cat "$work/has"; grep ':SYS_' "$work/all"; } | LC_ALL=C sort | LC_ALL=C comm -12 "$work/all" - >"$work/there"
    LC_ALL=C comm -23 "$work/there" "$work/cannot" >"$work/cases"
    LC_ALL=C comm -23 "$work/all" "$work/there" | sed "s/^/$kind: skipped /; s/\$/: the static C library has no such symbol/"
    LC_ALL=C comm -12 "$work/there" "$work/cannot" | while read -r case; do
        sed -n "s/^$case | /$kind: skipped $case: /p" "$list"
    done
    [ -s "$work/cases" ] || continue
    env -u LD_PRELOAD -u VELO_SHIM_SESSION timeout -k 2 60 "$test" --without "$work/cases" || status=1
    "$build/hooks/session_maker" "$work/$group" "$build/hooks/program" "$build/hooks/library.so" || exit 1
    env -u LD_PRELOAD -u VELO_SHIM_SESSION timeout -k 2 60 "$build/supervised" "$work/$group/session" "$test" --only "$work/cases" >"$work/said" ||
        status=1
    sed "s/^/$kind: /" "$work/said"
done
exit $status
