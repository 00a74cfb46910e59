#!/bin/sh
# symbols.sh LIBRARY: fails where the library that ld.so asks exports more than that, needs anything, or has thread-local state.
set -u
library=$1
status=0

none() {
    if [ -n "$2" ]; then
        echo "$library: $1: $2"
        status=1
    fi
}

exported=$(nm -D --defined-only "$library" | awk '{ print $3 }' | LC_ALL=C sort | tr '\n' ' ')
if [ "$exported" != "la_activity la_objsearch la_version " ]; then
    echo "$library: exports $exported"
    status=1
fi
none "needs" "$(nm -D --undefined-only "$library" | awk '{ print $2 }' | tr '\n' ' ')"
none "names another library, or has thread-local state" "$(readelf -dl "$library" | grep 'NEEDED\|TLS')"
exit $status
