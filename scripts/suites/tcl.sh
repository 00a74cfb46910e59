#!/usr/bin/env bash
# The tests of Tcl that are about files, channels and processes, by a test program built from its source.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sources.sh"
least=3400

suites='fCmd fileName unixFCmd cmdAH io ioCmd chan chanio glob source load exec pid env socket fileSystem unixInit unixFile tm pkgMkIndex autoMkindex safe'

fetch() {
  source_of "$1" tcl8.6
  (
    cd "$1/tcl8.6/unix"
    ./configure -q --disable-shared >/dev/null
    nice make -s -j2 tcltest >/dev/null
  )
  mkdir -p "$1/tree/unix"
  mv "$1/tcl8.6/unix/tcltest" "$1/tree/unix/"
  mv "$1/tcl8.6/tests" "$1/tcl8.6/library" "$1/tree/"
  rm -rf "$1/tcl8.6"
}

# One line each: what failed is told twice, and what was skipped with its reason.
results() {
  sed -nE -e 's/^\+{4} ([^ ]+) PASSED$/\1 PASSED/p' -e 's/^==== ([^ ]+) .*FAILED$/\1 FAILED/p' \
    -e 's/^\+{4} ([^ ]+) SKIPPED: (.*)$/\1 SKIPPED-\2/p' | awk '{ print $1, $2 }' | sort -u
}

run() {
  cd "$T/unix"
  mkdir "$T/tmp"
  export TMPDIR=$T/tmp TCL_LIBRARY=$T/library
  for suite in $suites; do
    local status=0
    timeout -k 5 200 ./tcltest "../tests/$suite.test" -verbose pst >"$OUT/$suite.log" 2>&1 || status=$?
    result "$suite" "$status"
    results <"$OUT/$suite.log" | sed "s/^/$suite:/" >>"$OUT/results"
  done
}

case ${1:-} in
  fetch) fetch "$2" ;;
  run) run ;;
  *) echo "usage: $0 fetch DIRECTORY | run" >&2; exit 2 ;;
esac
