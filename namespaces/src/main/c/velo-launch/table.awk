# Reads syscalls.table; -v form=c gives rows of C, -v form=md a table for people.
/^#/ || /^[ \t]*$/ { next }
/^[^ \t]/ {
    group = $1
    mark = sub(/!$/, "", group)
    fixed[group] = mark
    sub(/^[^ \t]+[ \t]+/, "")
    why[group] = $0
    order[++groups] = group
    next
}
{
    for (i = 1; i <= NF; i++) {
        split($i, call, ":")
        calls[group] = calls[group] " " call[1]
        if (form == "c" && call[2] != "") {
            printf "#ifndef SYS_%s\n#define SYS_%s %d\n#endif\n", call[1], call[1], call[2]
        }
        if (form == "c") {
            printf "#ifdef SYS_%s\nDENY(%s, %s)\n#endif\n", call[1], call[1], fixed[group] ? "false" : "true"
        }
    }
}
END {
    if (form == "md") {
        print "| group | denied | why | a profile can allow one |\n|---|---|---|---|"
        for (i = 1; i <= groups; i++) {
            n = split(calls[order[i]], names, " ")
            list = ""
            for (j = 1; j <= n; j++) {
                list = list (j > 1 ? " " : "") "`" names[j] "`"
            }
            printf "| %s | %s | %s | %s |\n", order[i], list, why[order[i]], fixed[order[i]] ? "no" : "yes"
        }
    }
}
