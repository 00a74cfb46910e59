#!/bin/sh
# static_symbols.sh TEST.c LIBRARY.a OUT: SYMBOL("name", number) for each case of the test that the C library has as a symbol.
set -eu
nm -g --defined-only "$2" 2>/dev/null | awk 'NF == 3 { print $3 }' | LC_ALL=C sort -u >"$3.has"
{
    grep -o '{"[A-Za-z_0-9]*",' "$1" | sed 's/{"//; s/",//'
    echo syscall
} | LC_ALL=C sort -u >"$3.named"
LC_ALL=C comm -12 "$3.has" "$3.named" | awk '{ printf "SYMBOL(\"%s\", %d)\n", $1, NR }' >"$3"
rm -f "$3.has" "$3.named"
