#!/usr/bin/env bash
# libarchive's tests of its cpio, tar and cat, and of what reads from and writes to a disk, in programs built from its source.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sources.sh"

fetch() {
  source_of "$1" libarchive
  mkdir -p "$1/tree"
  # Without ACLs, whose tests need a library that is not everywhere.
  cmake -S "$1/libarchive" -B "$1/built" -DENABLE_ACL=OFF -DENABLE_WERROR=OFF -DCMAKE_BUILD_TYPE=Release >/dev/null
  nice make -s -C "$1/built" -j2 bsdcpio bsdtar bsdcat bsdcpio_test bsdtar_test bsdcat_test libarchive_test >/dev/null 2>&1
  cp -a "$1/built/bin" "$1/tree/"
  # The programs ask for the library where it was built.
  mkdir "$1/tree/lib"
  cp -a "$1"/built/libarchive/libarchive.so* "$1/tree/lib/"
  for part in cpio tar cat libarchive; do
    mkdir "$1/tree/$part"
    cp -a "$1/libarchive/$part/test" "$1/tree/$part/"
  done
  rm -rf "$1/libarchive" "$1/built"
}

# tests PART PROGRAM [ARGUMENT...]: they work in a directory below TMPDIR. A summary of them comes behind.
tests() {
  local part=$1 program=$2 status=0
  shift 2
  mkdir "$T/tmp-$part"
  TMPDIR=$T/tmp-$part timeout -k 5 300 "$T/bin/$program" -r "$T/$part/test" "$@" >"$OUT/$part.log" 2>&1 || status=$?
  result "$part" "$status"
  sed -nE 's/^ *[0-9]+: (test_[A-Za-z0-9_]+) +(ok( \(S\))?|FAIL)$/\1 \2/p' "$OUT/$part.log" | sed -E -e 's/ \(S\)$/-skipped/' -e "s/^/$part:/" >>"$OUT/results"
}

run() {
  export LD_LIBRARY_PATH=$T/lib
  cd "$T"
  for part in cpio tar cat; do
    tests "$part" "bsd${part}_test" -p "$T/bin/bsd$part"
  done
  # Of the library's own, most of which only look at archives.
  # shellcheck disable=SC2046 # one argument each
  tests libarchive libarchive_test $("$T/bin/libarchive_test" -h 2>&1 | sed -nE 's/^ +[0-9]+: (test_(read|write)_disk[a-z0-9_]*|test_(sparse|entry|archive_read_open|extattr|xattr|open|acl)[a-z0-9_]*)$/\1/p')
}

case ${1:-} in
  fetch) fetch "$2" ;;
  run) run ;;
  *) echo "usage: $0 fetch DIRECTORY | run" >&2; exit 2 ;;
esac
