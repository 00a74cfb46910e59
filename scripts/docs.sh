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

By their arguments:

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
| \`prlimit\`, \`setrlimit\` of core files | asking | nothing is done and 0 returned: the limit stays 1, for which the host neither writes a file nor starts its program |
| numbers above 469, the last one of Linux 6.18 | never: nobody has looked at them yet | ENOSYS |
| calls of another architecture (32-bit programs) | never | the program is killed |
| calls of x32 | never | ENOSYS |
END

resources=it/src/test/resources

acts() {
  awk -F ' [|] ' '!/^#/ {
    for (i = 2; i <= 5; i++) gsub(/,/, ", ", $i)
    printf "| `%s` | %s | %s | %s | %s | %s |\n", $1, $6, $2, $3, $4, $5
  }' $resources/attacks.table
}

# rows TABLE COLUMN: the table, with what that column names as code.
rows() {
  awk -F ' [|] ' -v column="$2" -v OFS=' | ' '!/^#/ {
    if ($column != "-") gsub(/[A-Za-z_][A-Za-z_0-9.]*/, "`&`", $column)
    else $column = "none"
    $1 = $1
    print "| " $0 " |"
  }' "$resources/$1"
}

document docs/attacks.md <<END
# What a payload tries, and what comes of it

Made by \`scripts/docs.sh\` from \`attacks.table\`, \`scenarios.table\` and \`cves.table\` of the black-box tests.

## Acts

A program does each of them in a process of its own (\`it/src/test/resources/attacks\`). \`AttackIT\` compares this table with what happens, as root
and as an ordinary user, without a network and with the host's. *Outside* is the same program in new user, mount, pid, network, uts, ipc and cgroup
namespaces (\`unshare\`), which nothing hardens: what fails there fails for want of a device, a kernel module or the host's root, and not by Velo.
*works* of an act that attacks means that it got through; of one that *stays allowed*, that nothing was broken.

The last two columns are bubblewrap 0.8.0, the one of Debian 12, by a user and by root:
\`bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp\`. It is a tool to build sandboxes with: it applies a filter of system calls
that it is given (\`--seccomp\`), and here it is given none, as by a caller who trusts its defaults. \`AttackIT\` compares these
columns, too, where that version is installed, and skips them elsewhere.

| act | what | Velo | outside | bubblewrap, by a user | by root |
|---|---|---|---|---|---|
$(acts)

## Scenarios

What takes more than one process, or something to happen outside. Each test has its control: the same outside succeeds, or would be seen.

| what is tried | tests |
|---|---|
$(rows scenarios.table 2)

## Known flaws

Flaws of sandboxes and of the kernel that an attacker of this one would try first. What is only the kernel's to repair says so.

| flaw | what it was | acts and tests | why it has no hold here |
|---|---|---|---|
$(rows cves.table 3)
END
exit "$status"
