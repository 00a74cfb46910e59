#!/bin/sh
# libraries.sh BUILD: what ld.so itself looks for is found in the tree, under the tree's name; and not without libvelo-audit.so.
set -u
build=$(cd "$1" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/velo-libraries.XXXXXX")
trap 'rm -rf "$work"' EXIT
status=0
tree=/velo-hooks-tree
unlinked=$build/hooks/unlinked

"$build/hooks/session_maker" "$work/s" "$build/hooks/linked" "$build/hooks/library.so" || exit 1
mkdir "$work/alone" && cp "$build/libvelo-shim.so" "$work/alone/"
with() {
    library=$1
    shift
    LD_PRELOAD=$library VELO_SHIM_SESSION=$work/s/session timeout 20 sh -c "$*" 2>/dev/null | sed 's,//*,/,g'
}

expect() {
    if [ "$2" != "$3" ]; then
        echo "libraries: $1: expected '$2', got '$3'"
        status=1
    fi
}

# found NAME EXPECTED SCRIPT: with the library, and the control: the same without it.
found() {
    expect "$1" "$2" "$(with "$build/libvelo-shim.so" "$3")"
    expect "$1, alone" "" "$(with "$work/alone/libvelo-shim.so" "$3")"
}

with "$build/libvelo-shim.so" "cp $build/hooks/unlinked $tree/unlinked; cp $tree/dir/program $tree/dir/up; cp $tree/dir/library.so $tree/made.so; mkdir $tree/libs;
    cp $tree/dir/library.so $tree/libs; mkdir -p $tree/hw/glibc-hwcaps/x86-64-v2 $tree/hw/glibc-hwcaps/x86-64-v3; cp $tree/dir/library.so $tree/hw"
found "RUNPATH" $tree/dir/library.so "$tree/dir/program"
found "RUNPATH of what was made in this run" $tree/dir/library.so "$tree/dir/up"
found "LD_LIBRARY_PATH" $tree/dir/library.so "LD_LIBRARY_PATH=$tree/dir $tree/unlinked"
found "of a program of the host" $tree/dir/library.so "LD_LIBRARY_PATH=/proc:$tree/dir $unlinked"
found "by a link" $tree/dirlink/library.so "LD_LIBRARY_PATH=$tree/dirlink $unlinked"
found "by .." /tmp/..$tree/dir/library.so "LD_LIBRARY_PATH=/tmp/..$tree/dir $unlinked"
found "relative" ./library.so "cd $tree/dir && LD_LIBRARY_PATH=. $unlinked"
found "LD_PRELOAD" $tree/dir/library.so "LD_PRELOAD=$tree/dir/library.so $unlinked"
# A directory in which something else was not found first, and one that has directories for processors.
found "the second library of a directory" $tree/libs/library.so "LD_PRELOAD=libm.so.6 LD_LIBRARY_PATH=$tree/libs $unlinked"
found "beside glibc-hwcaps" $tree/hw/library.so "LD_LIBRARY_PATH=$tree/hw $unlinked"
expect "dlopen" "$tree/dir/library.so $tree/made.so not found not found $tree/made.so " \
    "$(with "$build/libvelo-shim.so" "cd $tree/dir && ./program $tree/made.so $tree/none.so $tree/dir/file ./../made.so" | tr '\n' ' ')"

# LD_AUDIT goes where it matters, and no further; the user's own stays.
own=$build/libvelo-audit.so
audit() {
    with "$build/libvelo-shim.so" "$1" | sed -n 's/^LD_AUDIT=//p'
}
expect "elsewhere" "" "$(audit "LD_LIBRARY_PATH=/usr/lib env")"
expect "where it matters" "$own" "$(audit "LD_LIBRARY_PATH=$tree/dir env")"
expect "where it does not matter any more" "" "$(audit "LD_LIBRARY_PATH=$tree/dir env -u LD_LIBRARY_PATH env")"
expect "with the user's" "$own:/none.so" "$(audit "LD_AUDIT=/none.so LD_LIBRARY_PATH=$tree/dir env")"
expect "the user's is left" "/none.so" "$(audit "LD_AUDIT=/none.so LD_LIBRARY_PATH=$tree/dir env -u LD_LIBRARY_PATH env")"

# Without a session that can be used names stay as they are.
expect "no session" "$(ldd /bin/ls | wc -l)" "$(LD_AUDIT=$own VELO_SHIM_SESSION=/none ldd /bin/ls | wc -l)"
expect "no session: a library that is nowhere" 127 "$(LD_AUDIT=$own LD_LIBRARY_PATH=$tree/dir "$unlinked" 2>/dev/null; echo $?)"
[ $status = 0 ] && echo "libraries: all is as expected"
exit $status
