# Reads reasons.table; -v form=c gives rows of C, -v form=md a table for people.
BEGIN {
    FS = " [|] "
    if (form == "md") {
        print "| type | when | reason | fix |\n|---|---|---|---|"
    }
}
/^#/ || /^[ \t]*$/ { next }
NF != 4 || seen[$1]++ || /["\\]/ {
    print "reasons.table:" NR ": want a new type and three columns, without quotation marks and backslashes" > "/dev/stderr"
    exit 1
}
form == "c" {
    name = toupper($1)
    gsub(/-/, "_", name)
    printf "REASON(%s, \"%s\", \"%s\", \"%s\")\n", name, $1, $3, $4
}
form == "md" { printf "| `%s` | %s | %s | %s |\n", $1, $2, $3, $4 }
