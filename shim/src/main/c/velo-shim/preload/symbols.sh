#!/bin/sh
# symbols.sh LIBRARY TABLE [C-LIBRARY]...: fails where a C library has a twin of a hooked name that the table knows nothing of, where the
# library exports what the table has not, or needs a function outside of needed.list.
set -u
library=$1
table=$2
shift 2
here=$(dirname "$table")
work=$(mktemp -d "${TMPDIR:-/tmp}/velo-symbols.XXXXXX")
trap 'rm -rf "$work"' EXIT
status=0
export LC_ALL=C

bad() {
    echo "$1"
    sed 's/^/    /' "$2"
    status=1
}

machine_of() {
    readelf -h "$1" | sed -n -e 's/.*Machine: .*X86-64.*/x86_64/p' -e 's/.*Machine: .*AArch64.*/aarch64/p'
}

# The table as it is for the machine of a file.
rows_for() {
    awk -v form=rows -v machine="$(machine_of "$1")" -f "$here/hooks.awk" "$table" | grep -v '^SYS_' >"$work/rows"
    awk -F ' [|] ' '{ print $1 }' "$work/rows" | sort >"$work/known"
    awk -F ' [|] ' '$3 != "-" { print $1 }' "$work/rows" | sort >"$work/hooked"
}

rows_for "$library"
sort "$work/known" | uniq -d >"$work/twice"
[ -s "$work/twice" ] && bad "twice in the table:" "$work/twice"
sed -n 's/^\([A-Za-z_0-9]*\)[ \t].*/\1/p' "$here/twins.list" | sort >"$work/ignored"

# What the library exports, and needs.
nm -D --defined-only "$library" | awk '{ print $3 }' | sort >"$work/exported"
comm -23 "$work/exported" "$work/hooked" >"$work/more"
comm -13 "$work/exported" "$work/hooked" >"$work/fewer"
[ -s "$work/more" ] && bad "exported without a row of the table:" "$work/more"
[ -s "$work/fewer" ] && bad "in the table and not exported:" "$work/fewer"
nm -D --undefined-only "$library" | awk '{ print $2 }' | sed 's/@.*//' | sort >"$work/needed"
tr ' ' '\n' <"$here/needed.list" | grep -v '^#\|^$' | sort >"$work/allowed"
comm -23 "$work/needed" "$work/allowed" >"$work/forbidden"
[ -s "$work/forbidden" ] && bad "needed, and not in needed.list:" "$work/forbidden"
if readelf -d "$library" | grep -q 'NEEDED\|TLS'; then
    readelf -d "$library" | grep 'NEEDED\|TLS' >"$work/dynamic"
    bad "the library names another one, or has thread-local state:" "$work/dynamic"
fi

# A twin of a hooked name: at the same address, or called as libraries call twins.
twins() {
    nm -D --defined-only "$1" | awk '$2 ~ /^[TWiV]$/ && $3 !~ /GLIBC_PRIVATE/ { sub(/@.*/, "", $3); print $1, $3 }' | sort -u >"$work/symbols"
    awk '
    function stem(name) {
        sub(/^_IO_/, "", name)
        sub(/^__libc_/, "", name)
        sub(/^_+/, "", name)
        sub(/_chk$/, "", name)
        sub(/_2$/, "", name)
        sub(/_np$/, "", name)
        sub(/_nocancel$/, "", name)
        sub(/64$/, "", name)
        sub(/64_/, "_", name)
        return name
    }
    FILENAME ~ /hooked$/ { hooked[$1] = 1; stems[stem($1)] = $1; next }
    FILENAME ~ /known$/ || FILENAME ~ /ignored$/ { known[$1] = 1; next }
    { address[$2] = $1; if ($2 in hooked) at[$1] = $2 }
    END {
        for (name in address) {
            if (name in known) continue
            if (address[name] in at) print name " is " at[address[name]]
            else if (stem(name) in stems) print name " is called like " stems[stem(name)]
        }
    }' "$work/hooked" "$work/known" "$work/ignored" "$work/symbols" | sort
}

for libc; do
    if [ -z "$libc" ] || [ ! -e "$libc" ]; then
        echo "symbols: skipped a C library that is not installed (glibc of aarch64: libc6-dev-arm64-cross; musl)"
        continue
    fi
    rows_for "$libc"
    twins "$libc" >"$work/twins"
    [ -s "$work/twins" ] && bad "$libc has what the table does not know:" "$work/twins"
    # Every name that the table promises for this library is in it.
    name=glibc
    case $libc in *musl*) name=musl ;; esac
    awk -F ' [|] ' -v name=$name '(" " $2 " ") ~ " " name " " { print $1 }' "$work/rows" | sort >"$work/promised"
    nm -D --defined-only "$libc" | awk '{ sub(/@.*/, "", $3); print $3 }' | sort -u >"$work/has"
    comm -23 "$work/promised" "$work/has" >"$work/absent"
    [ -s "$work/absent" ] && bad "$libc has not what the table says:" "$work/absent"
    echo "symbols: $libc: $(comm -12 "$work/hooked" "$work/has" | wc -l) hooked names are there"
done
exit $status
