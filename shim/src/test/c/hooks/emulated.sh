#!/bin/sh
# emulated.sh QEMU COMMAND...: COMMAND where the kernel starts programs of aarch64 by QEMU, a static one: in a user namespace, which has kinds of
# programs of its own (Linux 6.7). Fails where that is not to be had.
set -u
kinds=/proc/sys/fs/binfmt_misc
if [ "$1" != --inside ]; then
    qemu=$(command -v "$1") || exit 1
    shift
    exec unshare --user --map-root-user --mount sh "$0" --inside "$qemu" "$@"
fi
qemu=$2
shift 2
# The first bytes of a program of that machine, and which of their bits count. F: opened now; P: the name that a program was given stays.
mount -t binfmt_misc none $kinds || exit 1
printf '%s%s%s\n' ':velo-aarch64:M::\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00' \
    '\x02\x00\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff' ":$qemu:FP" >$kinds/register || exit 1
exec "$@"
