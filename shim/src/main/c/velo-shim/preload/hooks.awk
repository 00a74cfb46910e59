# Reads hooks.table; -v form=exports gives the names as assembly, version the linker's version script, syscalls what hook_syscall.c includes,
# rows the names with the C libraries and the body, tests the cases that must be there, md a table for people, caught what the seccomp filter catches or
# refuses (supervise/filter.c). -v machine: only what x86_64 or aarch64 has.
BEGIN { FS = " [|] " }
/^#/ || /^$/ { next }
NF != 7 { print FILENAME ":" FNR ": not seven columns" >"/dev/stderr"; failed = 1; exit 1 }
machine != "" && $2 ~ / (x86_64|aarch64)( |$)/ && $2 !~ (" " machine "( |$)") { next }
{ raw = sub(/^SYS_/, "", $1) }
form == "rows" { print (raw ? "SYS_" : "") $1 " | " $2 " | " $4 }
form == "exports" && !raw && $4 != "-" {
    body = sub(/^@/, "", $4) ? $4 : "hook_" $4
    printf "    .globl %s\n    .type %s, %%function\n    .hidden %s\n%s:\n    JUMP(%s)\n    .size %s, . - %s\n", $1, $1, body, $1, body, $1, $1
}
form == "version" && !raw && $4 != "-" { names = names "    " $1 ";\n" }
form == "syscalls" && raw { printf "#ifdef SYS_%s\nSYSTEM_CALL(%s, (%s))\n#endif\n", $1, $1, $4 }
# Where a directory is a real one, and a umask the kernel's, nothing is to be said to these; nor to mappings, which only the library remembers.
# Of ioctl and sendto only some are caught; sendmsg is on the way of data, and nothing in its arguments tells that it names where it goes.
form == "caught" && raw && $1 !~ /^(fchdir|umask|ioctl|sendto|sendmsg|sendmmsg)$/ && $4 !~ /RAW[0-9]/ {
    printf "#ifdef SYS_%s\n%s(SYS_%s)\n#endif\n", $1, $4 == "-ENOSYS" ? "REFUSED" : "CAUGHT", $1
}
form == "tests" && $7 != "-" { print $7 }
form == "md" {
    hooked = $4 != "-"
    name = raw ? "syscall(SYS_" $1 ")" : $1
    reason = $5
    sub(/^none: /, "", reason)
    rows[hooked] = rows[hooked] "| `" name "` | " (hooked ? $3 : reason) " | " (hooked ? $5 " | " : "") $2 " | " $6 (hooked ? " | " ($7 == "-" ? "none" : "`" $7 "`") : "") " |\n"
    count[hooked]++
    untested += hooked && $7 == "-"
}
END {
    if (failed) exit 1
    if (form == "version") printf "{\n  global:\n%s  local: *;\n};\n", names
    if (form == "md") {
        printf "%d names are hooked, %d of them without a test of their own; %d more need no hook.\n\n", count[1], untested, count[0]
        print "| name | group | does | in | older documents | test |\n|---|---|---|---|---|---|"
        printf "%s\n", rows[1]
        print "Without a hook:\n"
        print "| name | why | in | older documents |\n|---|---|---|---|"
        printf "%s", rows[0]
    }
}
