#!/usr/bin/env bash
# libarchive's tests of its cpio, tar and cat, which read from and write to a disk, by programs built from its source.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sources.sh"
least=130

fetch() {
  source_of "$1" libarchive
  mkdir -p "$1/tree"
  # Without ACLs, whose tests need a library that is not everywhere.
  cmake -S "$1/libarchive" -B "$1/built" -DENABLE_ACL=OFF -DENABLE_WERROR=OFF -DCMAKE_BUILD_TYPE=Debug >/dev/null
  nice make -s -C "$1/built" -j2 bsdcpio bsdtar bsdcat bsdcpio_test bsdtar_test bsdcat_test >/dev/null 2>&1
  cp -a "$1/built/bin" "$1/tree/"
  for part in cpio tar cat; do
    mkdir "$1/tree/$part"
    cp -a "$1/libarchive/$part/test" "$1/tree/$part/"
  done
  rm -rf "$1/libarchive" "$1/built"
}

# They work in a directory below TMPDIR.
tests() {
  local part=$1 status=0
  mkdir "$T/tmp-$part"
  TMPDIR=$T/tmp-$part timeout -k 5 300 "$T/bin/bsd${part}_test" -p "$T/bin/bsd$part" -r "$T/$part/test" >"$OUT/$part.log" 2>&1 || status=$?
  result "$part" "$status"
  sed -nE 's/^ *[0-9]+: (test_[A-Za-z0-9_]+) +(ok( \(S\))?|FAIL)$/\1 \2/p' "$OUT/$part.log" | sed -E -e 's/ \(S\)$/-skipped/' -e "s/^/$part:/" >>"$OUT/results"
}

run() {
  cd "$T"
  for part in cpio tar cat; do
    tests "$part"
  done
}

case ${1:-} in
  fetch) fetch "$2" ;;
  run) run ;;
  *) echo "usage: $0 fetch DIRECTORY | run" >&2; exit 2 ;;
esac
