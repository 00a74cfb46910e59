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
| \`sendto\`, \`sendmsg\`, \`sendmmsg\` | without MSG_OOB | EPERM |
| \`prlimit\` | of any process but init | EPERM |
| \`sched_setscheduler\`, \`sched_setparam\`, \`sched_setattr\`, \`sched_setaffinity\` | of any process but init | EPERM |
| \`setpriority\`, \`ioprio_set\` | of any process but init, and of groups; not of all processes of a user, of which init is one | EPERM |
| \`prlimit\`, \`setrlimit\` of core files | asking | nothing is done and 0 returned: the limit stays 1, for which the host neither writes a file nor starts its program |
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

document docs/formats/doctor.md <<END
# What \`velo doctor\` tells

Made by \`scripts/docs.sh\`; the table is \`reasons.table\`, from which the launcher's messages are made, too. A run that cannot be launched for one of
these reasons ends with exit status 125 and \`velo: cannot <verb> <object>: <reason> (<type>); <fix>\`, in the same words. The launcher decides
(\`velo-launch --probe\`, \`diagnosis.c\`); Java prints.

\`velo doctor\` ends with 0 when everything is there that every run needs, else with 1. \`velo doctor --json\` prints one object on one line. Its only
member \`checks\` is an array of objects, whose order may change:

| member | type | |
|---|---|---|
| \`name\` | string | the capability |
| \`needed\` | boolean | no run works without it |
| \`ok\` | boolean | it is there |
| \`type\` | string | why not, one of the table below; empty where it is there |
| \`reason\`, \`fix\` | string | for people; empty where it is there. A fix is a command, or says what else helps |
| \`detail\` | string | what exactly there is, where that is of use; may be empty |

| capability | needed | what is tried |
|---|---|---|
| \`user-namespace\` | yes | one is made, its ids are mapped, and a second one is made in it |
| \`mount-namespace\` | yes | one is made, and its mounts are made private |
| \`pid-namespace\`, \`network-namespace\`, \`ipc-namespace\`, \`cgroup-namespace\` | yes | one is made. (\`--net host\` does without a network namespace.) |
| \`uts-namespace\` | yes | one is made, and gets a host name |
| \`overlay\` | yes | one is mounted on a tmpfs, in a user namespace |
| \`proc\` | yes | a new procfs is mounted, in a user and a pid namespace |
| \`mount-api\` | no | a tmpfs is made, copied, restricted and attached, and a path opened, as a run does it. Where a call of the new mount API or \`openat2\` is refused, runs mount by mount(2), or walk by \`openat\`, with the same protection (\`adr/0016\`); the detail says which |
| \`cgroup-memory\`, \`cgroup-pids\`, \`cgroup-cpu\` | no | looked at only: whether the caller may make a group and give it that controller, in his own group or the one above. Detail: \`unified\`, \`hybrid\`, \`v1\` or \`none\`, and the place |
| \`subuid\` | no | looked at only: newuidmap and newgidmap with their rights, and 65536 ids in one range of /etc/subuid and of /etc/subgid. Detail: the ranges, first id and count. Ranges that another source of subid(5) than the files gives are not seen |
| \`landlock\`, \`landlock-scopes\` | no | the kernel is asked for its ABI, which is the detail; scopes are there from ABI 6 |
| \`store\` | yes | it is opened, or made |
| \`store-hard-links\`, \`store-reflinks\`, \`store-metadata\` | no | done in the store |
| \`preload-library\` | no | a program is started with it, for runs without \`--isolate\`. Programs that are static, set-user-id or of another architecture take none; whether the first two can be supervised ([ADR 23](../adr/0023-supervisor.md)) nothing tells beforehand |
| \`tenant-ids\` | no | whether each tenant of the store can have a host id of its own |

## Types

One that is here keeps its meaning; there may be new ones. \`{}\` is the object, \`{+}\` more about it. A cause is named only where something
proves it: an errno alone proves little. A filter of system calls is told from the kernel by asking again with arguments that every kernel refuses with
another errno before it asks for rights. What is not proven is \`unknown\`, with the text of errno, and for a run with the advice of the place where
it failed.

$(awk -v form=md -f $launcher/reasons.awk $launcher/reasons.table)

Of \`userns-apparmor\`, \`userns-apparmor-rights\`, \`apparmor-profile\` and \`userns-security-module\` no host was at hand: they are tested with
files that look like theirs (\`reasons_test.c\`).

## A profile for AppArmor

With \`kernel.apparmor_restrict_unprivileged_userns=1\` (Ubuntu 23.10 and newer) a program may have user namespaces when a profile says so. This one says
nothing else; \`PATH\` is where Velo is installed. As root, write it to \`/etc/apparmor.d/velo-launch\` and run \`apparmor_parser -r /etc/apparmor.d/velo-launch\`:

\`\`\`
abi <abi/4.0>,
profile velo-launch PATH/{libexec/velo-launch,bin/velo} flags=(unconfined) {
  userns,
}
\`\`\`
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

shim=shim/src/main/c/velo-shim

# differences FILE: the cases of a list of differences with their reasons, as rows.
differences() {
  awk '
    function row() { if (reason != "") printf "| %s | %s |\n", cases, reason; cases = reason = "" }
    /^#/ || /^$/ { next }
    /^ / { sub(/^ +/, ""); reason = reason (reason == "" ? "" : " ") $0; next }
    { if (reason != "") row(); gsub(/\|/, "\\|"); gsub(/`/, "\\`"); cases = cases (cases == "" ? "" : "<br>") "`" $0 "`" }
    END { row() }' "$1"
}

document docs/compatibility.md <<END
# What the preload library answers

Made by \`scripts/docs.sh\` from \`hooks.table\`, from which the library's exported names, its answers to syscall(3) and the list of its tests are
made, too. A test is a program and a case of \`shim/src/test/c/hooks\`: it calls that name on a path that exists in the tree alone, and fails
without the library. \`make check\` runs all of them both ways, and compares the table with the symbols of the C libraries of the machine
(\`symbols.sh\`): a name that is a twin of a hooked one must have a row.

*In* names the C libraries that have the name, glibc 2.36 and musl 1.2.3; *younger* ones have it in later versions. With a machine it is there
on that one alone, else on x86-64 and AArch64. On AArch64 the tests run under an emulator, but for those of \`emulated.list\`, which says why. *Does*: \`call\` is one
call of the core, \`compose\` several, \`stream\` acts on directory streams of the library's own, \`reject\` fails inside the tree as it
does for an ordinary user everywhere, \`dispatch\` goes by its number. *Older documents* is what the project's first designs said of the name.

## What differs from files on a disk

| what | how it is |
|---|---|
| a pointer that leads nowhere | EFAULT, as from the kernel, but for memory that the library has looked at and that was taken away unseen: by a system call of the program's own code, by the C library itself (\`free\`, \`dlclose\`), by \`brk\`, or by cutting short a mapped file |
| directory streams | read 32 KiB at a time; \`telldir\` positions are the descriptor's |
| \`posix_spawn\` file actions | kept in memory of the library's own, and done by it in the child; at most what memory holds |
| \`nftw\` | holds one descriptor and reads a directory to its end before it goes on, whatever the limit is. It ends with ENAMETOOLONG where a path gets longer than PATH_MAX, as \`ftw\` does |
| \`fts_open\` | never changes the current directory, as with FTS_NOCHDIR |
| \`wordexp\` with a wildcard | a shell expands the words |
| \`open\`, \`openat\` that wait (a FIFO) | are no points where a thread can be cancelled; \`connect\`, \`accept\`, \`sendto\`, \`recvfrom\` are |
| locales, time zones, user databases below the prefix | not seen: the C library opens them itself; with \`velo run --strict\` they are |
| io_uring through syscall(3), and below the supervisor's filter | ENOSYS, so that programs use system calls |
| \`velo\` itself, started in a run | does not see the tree of that run. It refuses paths of it (exit 1, of \`velo run\` 125), and to start where the current directory is in it; a run in a run has a tree of its own |
| \`/proc/PID/maps\`, \`smaps\` of processes of the run | \`open\` and \`openat\` of one give a copy of that moment, with paths, device and inodes of the tree. Opened otherwise (\`openat2\`, the C library itself, a static program), and \`numa_maps\`, they name files of the session and of the store |
| \`inotify\` on a directory of the tree | tells of names that are made, removed and moved by processes of the run (IN_CREATE, IN_DELETE, IN_MOVED_FROM, IN_MOVED_TO with their cookie), of up to 65,536 names that were there before. It does not tell that a file in it was opened, read, written or closed, or got other attributes, nor that the directory itself was moved or removed: watch the file. A watch on a file that nobody has changed yet stays with that content |
| static programs, and those that get rights by set-user-id, set-group-id or capabilities of their file | a supervisor answers their system calls and those of all that they start ([ADR 23](adr/0023-supervisor.md)), some 10 us for each on a path, nothing on data. They get no rights beyond their caller's (no_new_privs), and where the caller is not root nor does anything that they start. A program that a debugger traces inside the run cannot change its directory into the tree nor execute what is of it: EACCES, and a line on standard error. Calls of the other word length are ENOSYS there |
| what a static program sees besides | \`sendmsg\` and \`sendmmsg\` find no socket of the tree by its name, and \`accept\`, \`recvfrom\` and \`recvmsg\` tell its real one: they are on the way of data, and the filter cannot see whether they name anything. A process that enters a user namespace, and then neither executes anything nor opens a map of one, is told owners as they are outside. A peer of a socket of the tree is told (SO_PEERCRED) a child of the supervisor as the one that connected, where the connection had to wait, or the one is traced or has become another user |
| a static program that hides its memory (prctl PR_SET_DUMPABLE, or may not be read) and is not root's | what it asks of paths and descriptors is refused: EACCES, and a line on standard error. Names of sockets are the kernel's to look at |
| where the session, or Velo's library, cannot be reached: behind another root (\`chroot\`), in other mounts, as another user | nothing is executed, static or dynamic: EACCES, and a line on standard error. What may run there is shown the store and Velo at their own paths |
| the same before Linux 5.19, where seccomp(2) or process_vm_readv(2) is refused, and programs of the other word length | not seen. They are refused (EACCES, and a line on standard error) where they or their script are of the tree, their current directory is in it, or descriptor 0, 1 or 2 is a file of it that nothing has changed: there they could leave the tree for the store behind it. Else they run as on the host. Other descriptors of the tree that they inherit are as the kernel has them |
| system calls that a dynamic program makes without the C library, or the C library inside itself | not seen by this library; with \`velo run --strict\` the supervisor answers them |
| \`ioctl\` that changes an inode (flags, generation, verity, project), or tells its flags | ENOTTY in the tree, so that programs that copy flags have none to copy |
| extended attributes \`security.*\` and \`system.*\` (capabilities, access control lists) | EOPNOTSUPP in the tree, which has none |
| \`name_to_handle_at\` | EOPNOTSUPP in the tree |
| libraries that ld.so(8) looks for by itself (RUNPATH, LD_LIBRARY_PATH, LD_PRELOAD, what a library needs) | found with glibc where the program or its interpreter is of the tree, or LD_LIBRARY_PATH or LD_PRELOAD leads there. Such a program has \`libvelo-audit.so\` in LD_AUDIT, before auditors of the user's own, and getenv(3) shows it; it costs its start some 0.1 ms. It is taken out of the environment of programs for which it does not matter |
| the same in other programs, and with musl, which has no LD_AUDIT | \`dlopen\` of a path of the tree gives the library, which ld.so knows by its file's real path; other libraries of the tree that it needs are not found, and its \$ORIGIN is not of the tree |
| what ld.so tells of such libraries | the tree's path, with more slashes where \$ORIGIN of the program was in it, or, where that is longer than the program's real directory, the real path. Messages about a damaged library name the real file |
| libraries by \`dlopen("\$ORIGIN/...")\`, or by a symbolic link of the host that leads into the tree | not found |
| a process of root's run that became another user (\`setpriv\`, \`su\`, \`sudo -u\`, seteuid(2)) | sees and uses the tree with that user's rights ([ADR 25](adr/0025-door.md)); each call that needs a real file costs it some 40 us more. A file of another owner that it opens for writing loses its set-id bits then, not at the first write. A name that it adds to another's file, or takes away, does not move that file's change time. A program that it starts while real and effective ids differ is refused (EACCES, and a line on standard error), and so is one where that user cannot read Velo's library. Where its table of descriptors is full (two or three numbers are needed for a moment), calls on paths say EMFILE that would not elsewhere. In another network namespace, or without /proc, what runs already goes on, and a program that it starts ends with 125 and "permission denied to user N" |
| the same in a run by another user than root, or root of a user namespace (\`unshare -Ur\`) that does not map the run's user | what runs already goes on; a program that it starts ends with 125 and "permission denied to user N": run all of \`velo run\` as that user, there |
| a process that is stopped (SIGSTOP, a debugger) in the middle of a change to names or attributes | others read on; what changes the tree waits for it, at most a minute, and fails with EIO then. Signals that can be blocked, as that of the terminal's ^Z, stop it behind the change |
| a kernel without robust lists (emulators) | where a process is killed while it changes the tree, the others wait for a second before they go on |
| a kernel with pages of 16 or 64 KiB (AArch64) | memory of removed files is not given back during the run |
| the directory in which the tree is shown | does not list it: \`ls /\` has no \`vrift\`, and who walks upwards from the tree by looking for inodes ends there. No list of mounts has it, and nothing can be mounted in it |
| times of access | those that were set; reading changes them for files that the run has written or made, as on the file system of the session, and for nothing else |
| the name of a process (\`ps\`, \`pidof\`, \`/proc/PID/comm\`) | that of the program; of a script of the tree its interpreter's, of a static program of the tree a number. \`perf\` has seen a number until the library is loaded |
| LD_PRELOAD | this library stays the last one: what a program puts in front or behind it comes first, and finds the tree by the next function of that name |
| calls in signal handlers on a stack of their own (\`sigaltstack\`) | need, beside what the kernel puts there (some 1 to 4 KiB): \`stat\`, \`access\`, \`open\`, \`readlink\` of absolute paths of the host 0.3 KiB, where the page that the path stands in was looked at before, else 5; in the tree \`stat\`, \`access\`, \`mkdir\`, \`unlink\` 7 KiB, \`open\` 9, \`readlink\` 10, \`rename\`, \`link\` and the first \`open\` for writing of a file of the manifest 14; \`execve\` of any path 22. So 8 KiB (SIGSTKSZ once) is enough for paths of the host alone; 32 KiB is enough for all |
| a full disk | what makes or changes something fails with ENOSPC; removing and moving work from a reserve of 1 MiB of the session, which is good for some 30 to 250 files of the manifest in places far apart, and for any number that the run has made; a directory that is read takes from one half of it; content that is read and cannot be noted is told by its real inode. On kernels before 5.14, and on file systems that copy on write (Btrfs, ZFS), a full disk may still end a program by SIGBUS |
| what a session takes | 1.4 MiB of blocks at its start, and half a byte for each entry of the manifest. It grows with the names that exist and with the files, directories and links that are made: of a symbolic link made and removed some 150 bytes stay, of a directory 65, of a file none on the whole. It ends at 1 GiB, or when a run has made some 4,000,000 files, directories and links, removed ones counted, since a node number is never used twice: from then on making things fails with ENOSPC, and reading, writing and removing work. A process without a limit of address space maps 1 GiB. Under one (\`ulimit -v\`) it maps what is in use and at most an eighth of the limit more, which with 1,000,000 is good for some 300,000 more files, directories and links made by anybody while it runs; where it must look at what lies behind that, it ends with 125 and says so. A process that sets itself a limit once it runs has those 1 GiB in it; its children have not |

## What the POSIX battery finds

\`it/src/test/resources/shim\` holds a program of some thousand cases: what open flags, renames, links, permissions, times, directories, locks, threads, signals
and pointers do. \`ShimPosixIT\` runs it in a directory of ext4 and in a tree with the same files, \`ShimPosixStaticIT\` the same program linked statically,
behind the supervisor; all lines are equal but for these (as the tree gives them: its part of the battery, whether the file was of the manifest or made by the run,
the case, the result, the error).

| cases | why |
|---|---|
$(differences it/src/test/resources/shim/differences.list)

A static program besides:

| cases | why |
|---|---|
$(differences it/src/test/resources/shim/differences-static.list)

Tests of other projects are run in both places by \`scripts/suites.sh\`, which gets them from the system's archive, and fails where one differs
that is not listed here. On Debian 12, by root (a test is one case of a suite, or how a part of it ended):

| suite | tests | the same in both | passed in both | listed |
|---|---|---|---|---|
| \`python\`: CPython's modules of files and processes | 9,215 | 9,215 | 8,445 | 0 |
| \`git\` | 3,181 | 3,181 | 3,123 | 0 |
| \`coreutils\` | 377 | 365 | 287 | 12 |
| \`go\`: static programs, behind the supervisor | 1,324 | 1,319 | 1,207 | 5 |
| \`perl\` | 33,262 | 33,262 | 33,215 | 0 |
| \`stress\`: all of stress-ng's class \`filesystem\`, with \`--verify\` | 49 | 46 | 44 | 3 |
| \`lua\`: built in the tree, digests of what is built | 38 | 38 | | 0 |
| \`sqlite\`: built in the tree, databases with four writers | 14 | 14 | | 0 |
| \`libarchive\` | 139 | 137 | | 2 |
| \`tcl\` | 3,612 | 3,601 | | 11 |

What is not passed in both is skipped in both, for the most part, or fails in both for a reason of its own. These differ; \`*\` stands for any characters.

| tests that end otherwise | why |
|---|---|
$(differences scripts/suites/differences.list)

## Names

$(awk -v form=md -f $shim/preload/hooks.awk $shim/preload/hooks.table)
END
exit "$status"
