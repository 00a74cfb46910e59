#!/bin/sh
# session.sh BUILD: processes of a session as a whole: without one, with one that cannot be used, with other preload libraries, with threads.
set -u
build=$(cd "$1" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/velo-hooks.XXXXXX")
trap 'rm -rf "$work"' EXIT
status=0
tree=/velo-hooks-tree

expect() {
    if [ "$2" != "$3" ]; then
        echo "session: $1: expected '$2', got '$3'"
        status=1
    fi
}

# refused NAME SESSION TEXT: the process ends with 125 before it does anything, and says why.
refused() {
    said=$(LD_PRELOAD=$build/libvelo-shim.so VELO_SHIM_SESSION=$2 timeout 10 /bin/cat /etc/passwd 2>&1)
    expect "$1: exit status" 125 $?
    expect "$1: message" "velo: cannot use session $2: $3; start the command with velo run, or unset VELO_SHIM_SESSION" "$said"
}

"$build/hooks/session_maker" "$work/good" "$build/hooks/program" "$build/hooks/library.so" || exit 1
run() {
    LD_PRELOAD=$build/libvelo-shim.so VELO_SHIM_SESSION=$work/good/session timeout 20 "$@"
}

# The positive control, and no session: nothing is hooked then, and the tree is nowhere.
expect "the tree" "content 8" "$(run cat $tree/dir/file)"
expect "no session" "$(ls -la /etc /usr/bin | md5sum)" "$(LD_PRELOAD=$build/libvelo-shim.so ls -la /etc /usr/bin | md5sum)"
LD_PRELOAD=$build/libvelo-shim.so cat $tree/dir/file >/dev/null 2>&1
expect "no session: no tree" 1 $?

refused "no directory" "$work/none" 'its file "world" is missing, or of another version'
refused "relative" "session" "it is not named by an absolute path"
cp -r "$work/good/session" "$work/bad"
printf 'VELOSHIM2\0' >"$work/bad/world"
refused "other version" "$work/bad" 'its file "world" is missing, or of another version'
printf 'VELOSHIM1\0/velo-hooks-tree\0/store\0' >"$work/bad/world"
refused "cut short" "$work/bad" 'its file "world" is cut short'
cp "$work/good/session/world" "$work/bad/world.good" 2>/dev/null
printf 'VELOSHIM1\0/velo-hooks-tree\0/store\0/none\0' >"$work/bad/world"
refused "no manifest" "$work/bad" "its manifest cannot be read"
printf 'VELOSHIM1\0/velo-hooks-tree\0/store\0/etc/passwd\0' >"$work/bad/world"
refused "no manifest at all" "$work/bad" "its manifest is none, or is cut short"
cp "$work/bad/world.good" "$work/bad/world"
: >"$work/bad/session"
refused "no session" "$work/bad" "it was made for another manifest or by another version"
rm "$work/bad/session"
refused "session file missing" "$work/bad" "its shared memory cannot be opened"

# Another user may not enter the session: the reason is said, and nothing runs half inside the tree.
cp "$build/libvelo-shim.so" "$work/libvelo-shim.so"
chmod 755 "$work" "$work/good" "$work/libvelo-shim.so"
if [ "$(id -u)" = 0 ]; then
    chmod 700 "$work/good/session"
    said=$(LD_PRELOAD=$work/libvelo-shim.so VELO_SHIM_SESSION=$work/good/session timeout 10 \
        setpriv --reuid=65534 --regid=65534 --clear-groups /bin/cat /etc/passwd 2>&1)
    code=$? user=65534
else
    chmod 000 "$work/good/session"
    said=$(LD_PRELOAD=$work/libvelo-shim.so VELO_SHIM_SESSION=$work/good/session timeout 10 /bin/cat /etc/passwd 2>&1)
    code=$? user=$(id -u)
    chmod 700 "$work/good/session"
fi
expect "another user: exit status" 125 $code
expect "another user: message" \
    "velo: cannot use session $work/good/session: permission denied to user $user; run the whole of velo run as that user, in its user namespace" \
    "$said"

# What a program drops from the environment is there again in its children; other libraries stay, and nothing is named twice.
expect "env -i" "content 8" "$(run env -i /bin/cat $tree/dir/file)"
loader=$(readelf -l /bin/sh | sed -n 's/.*interpreter: \(.*\)]/\1/p')
expect "a loader's argument" "content 8" \
    "$(VELO_SHIM_SESSION=$work/good/session "$loader" --preload "$build/libvelo-shim.so" /bin/sh -c "/bin/cat $tree/dir/file")"
expect "another library" "$build/hooks/library.so:$build/libvelo-shim.so" \
    "$(run env -u LD_PRELOAD LD_PRELOAD="$build/hooks/library.so" sh -c 'echo "$LD_PRELOAD"')"
expect "behind a library that comes later" "$build/hooks/library.so:$build/libvelo-shim.so" \
    "$(run sh -c 'LD_PRELOAD=$LD_PRELOAD:'"$build/hooks/library.so"' sh -c "echo \$LD_PRELOAD"')"
expect "no library twice" "$build/libvelo-shim.so" "$(run sh -c 'exec sh -c "exec sh -c \"echo \\\$LD_PRELOAD\""')"
expect "no descriptor of the library" "$(timeout 20 sh -c 'ls /proc/self/fd | wc -l')" "$(run sh -c 'ls /proc/self/fd | wc -l')"

# Many at once, of several processes: every file is there afterwards, and with its own content.
run sh -c "
    cd $tree/empty
    for p in 1 2 3 4 5 6; do
        ( i=0; while [ \$i -lt 40 ]; do echo \$p-\$i >f\$p-\$i; mv f\$p-\$i g\$p-\$i; i=\$((i + 1)); done ) &
    done
    wait"
expect "files of many processes" 240 "$(run ls $tree/empty | wc -l)"
expect "their content" "" "$(run sh -c "cd $tree/empty; for f in *; do [ g\$(cat \$f) = \$f ] || echo \$f; done")"
run "$build/hooks/threads" $tree/dir || { echo "session: threads failed"; status=1; }
"$build/hooks/threads" $tree/dir 2>/dev/null && { echo "session: threads pass without the library"; status=1; }

# Stacks of signal handlers are small.
run "$build/hooks/stack" $tree/dir || { echo "session: a call needs more of a stack than is said"; status=1; }
"$build/hooks/stack" $tree/dir >/dev/null && { echo "session: stack passes without the library"; status=1; }

# Checkers of memory have nothing to say of the library.
if command -v valgrind >/dev/null; then
    expect "valgrind" "content 8" "$(run valgrind -q /bin/cat $tree/dir/file 2>&1)"
else
    echo "session: skipped valgrind, since it is not installed"
fi
[ $status = 0 ] && echo "session: all is as expected"
exit $status
