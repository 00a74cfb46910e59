#!/usr/bin/env bash
# The tests of Go's own library that have to do with files and processes. They are static programs that make every system call themselves; they are
# built outside, and run in the tree, beside the sources and data that they read.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sources.sh"
least=1200

packages=(archive/tar archive/zip cmd/go/internal/lockedfile cmd/go/internal/lockedfile/internal/filelock embed/internal/embedtest
  internal/poll io io/fs io/ioutil log mime mime/multipart net os os/exec os/signal os/user path/filepath syscall testing/fstest text/template)

fetch() {
  local root package
  command -v go >/dev/null || { echo "cannot build Go's tests: there is no go; run apt-get install golang-go" >&2; exit 1; }
  # The packages of the library alone, with nothing to be got from anywhere.
  export CGO_ENABLED=0 GO111MODULE=off GOPROXY=off GOTOOLCHAIN=local GOFLAGS= GOCACHE=$1/cache
  root=$(go env GOROOT)
  rm -rf "$1/tree"
  mkdir -p "$1/tree/programs"
  for package in "${packages[@]}"; do
    [ -d "$root/src/$package" ] || continue
    nice go test -c -o "$1/tree/programs/${package//\//.}" "$package"
    [ -f "$1/tree/programs/${package//\//.}" ] || continue
    mkdir -p "$1/tree/src/$package"
    cp -aL "$root/src/$package/." "$1/tree/src/$package/"
  done
  [ ! -d "$root/src/testdata" ] || cp -aL "$root/src/testdata" "$1/tree/src/"
  rm -rf "$1/cache"
}

run() {
  local package program name
  # Some tests build a program of their own.
  export TMPDIR=$T/tmp GOCACHE=$T/cache GO111MODULE=off GOPROXY=off GOTOOLCHAIN=local GOFLAGS= CGO_ENABLED=0 HOME=$T/tmp
  mkdir "$TMPDIR"
  for package in "${packages[@]}"; do
    local status=0
    program=$T/programs/${package//\//.}
    name=${package//\//.}
    [ -f "$program" ] || continue
    cd "$T/src/$package"
    timeout -k 5 300 "$program" -test.v -test.short -test.timeout 280s >"$OUT/$name.log" 2>&1 || status=$?
    # Names of parts of a test may have the paths that it was given.
    sed -nE "s/^ *--- (PASS|FAIL|SKIP): (.*) \([0-9.]+s\)$/\2 \1/p" "$OUT/$name.log" | sed -e "s|$T|\$T|g" -e "s|^|$package |" >>"$OUT/results"
    result "$package" "ended-with-$status"
  done
}

case ${1:-} in
  fetch) fetch "$2" ;;
  run) run ;;
  *) echo "usage: $0 fetch DIRECTORY | run" >&2; exit 2 ;;
esac
