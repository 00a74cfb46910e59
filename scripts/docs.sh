#!/usr/bin/env bash
# Writes the documents that are made from the code's own tables. With --check it only says which are not up to date.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$repository"
launcher=namespaces/src/main/c/velo-launch
status=0

# document FILE: replaces FILE by standard input, or compares it.
document() {
  local new
  new=$(mktemp)
  cat >"$new"
  if [ "${check:-}" = yes ]; then
    cmp -s "$new" "$1" || { echo "$1 is not what the code's tables say; run scripts/docs.sh" >&2; status=1; }
    rm -f "$new"
  else
    chmod 0644 "$new"
    mv "$new" "$1"
  fi
}

case ${1:-} in
  '') ;;
  --check) check=yes ;;
  *) echo "usage: scripts/docs.sh [--check]" >&2; exit 2 ;;
esac

document docs/syscalls.md <<END
# System calls that a payload may not make

Made by \`scripts/docs.sh\` from \`syscalls.table\`, from which the launcher's filter and the tests are made, too.

These fail with EPERM:

$(awk -v form=md -f $launcher/table.awk $launcher/syscalls.table)

By their arguments; no profile lifts one of these checks:

| call | allowed | else |
|---|---|---|
| \`clone\`, \`unshare\` | without any \`CLONE_NEW*\` flag | EPERM |
| \`clone3\` | never: its flags are in memory, where a filter cannot look | ENOSYS, so that C libraries use \`clone\` |
| \`ioctl\` | every request but TIOCSTI, TIOCLINUX and TIOCSETD, told by its lower 32 bits, which are what the kernel looks at | EPERM |
| \`personality\` | 0, 0x8, 0x20000, 0x20008, 0x40000, and 0xffffffff, which asks | EPERM |
| \`socket\` | AF_UNIX; AF_INET and AF_INET6 as streams of TCP and datagrams of UDP, ICMP and ICMPv6; AF_NETLINK for routes | EPERM |
| \`socketpair\` | AF_UNIX | EPERM |
| \`setsockopt\` | all but TCP_ULP and UDP_ENCAP | EPERM |
| \`prlimit\` | of any process but init | EPERM |
| numbers above 469, the last one of Linux 6.18 | never: nobody has looked at them yet | ENOSYS |
| calls of another architecture (32-bit programs) | never | the program is killed |
| calls of x32 | never | ENOSYS |

## What a profile changes

\`syscalls.deny\` and \`syscalls.allow\` of a profile (\`formats/profile.md\`) name calls one by one; \`velo-launch --syscalls\` lists the names of this
architecture, and what can be changed about each:

| | \`deny\` | \`allow\` |
|---|---|---|
| \`free\`: allowed | yes | no: nothing denies it |
| \`denied\`: in a group above with *yes* | no change | yes: then the kernel alone decides |
| \`fixed\`: in a group above with *no*, and \`clone3\` | no change | no: mounts, namespaces, files by number and code for the kernel are what the other protections rest on |
| \`checked\`: by its arguments | yes, all of it | no: the check stays |
| \`needed\`: \`execve\`, \`exit\`, \`exit_group\`, \`rt_sigreturn\`, \`restart_syscall\` | no: without these no program begins or ends | no: nothing denies it |

Some of what can be allowed gives more than its name tells: through io_uring the kernel makes other calls, which the filter does not see; \`syslog\` reads the
host's kernel log where \`kernel.dmesg_restrict\` is 0; with keys, the sandbox must get a keyring of its own or does not run.
END

table() {
  awk -F ' [|] ' '!/^#/ { gsub(/,/, ", ", $2); gsub(/,/, ", ", $3); printf "| %s | %s | %s |\n", $4, $2, $3 }' it/src/test/resources/attacks.table
}

document docs/attacks.md <<END
# What a payload tries, and what comes of it

Made by \`scripts/docs.sh\` from \`attacks.table\`, which \`AttackIT\` compares with what happens, as root and as an ordinary user, without a network and with
the host's. *Outside* is the same program in new user, mount, pid, network, uts and ipc namespaces (\`unshare\`), which nothing hardens: what fails there fails for
want of a device, a kernel module or the host's root, and not by Velo.

| act | inside | outside |
|---|---|---|
$(table)
END
exit "$status"
