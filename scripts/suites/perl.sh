#!/usr/bin/env bash
# Perl's own tests of input and output, files and processes, by the perl of the system. Its library is in the tree.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sources.sh"
least=30000

fetch() {
  local tree=$1/tree place
  source_of "$1" perl
  mkdir -p "$tree/lib"
  for place in $(/usr/bin/perl -e 'print join "\n", reverse grep { m{^/usr/(lib|share)/} && m{/perl/\d|perl-base} } @INC'); do
    cp -aL "$place/." "$tree/lib/"
  done
  cp -a "$1/perl/t" "$1/perl/TestInit.pm" "$tree/"
  mkdir -p "$tree/lib/File" "$tree/ext"
  cp -a "$1/perl"/lib/File/*.t "$1/perl"/lib/*.t "$tree/lib/" 2>/dev/null || true
  mv "$tree"/lib/{Basename,Copy,Compare,stat,stat-7896}*.t "$tree/lib/File/" 2>/dev/null || true
  for place in ext/File-Find cpan/File-Temp cpan/File-Path dist/Cwd ext/File-Glob ext/File-DosGlob ext/Fcntl ext/POSIX dist/IO ext/SDBM_File ext/DB_File dist/Storable; do
    [ ! -d "$1/perl/$place/t" ] || { mkdir -p "$tree/$place" && cp -a "$1/perl/$place/t" "$tree/$place/"; }
  done
  ln -s /usr/bin/perl "$tree/t/perl"
  rm -rf "$1/perl"
}

# one NAME COMMAND...: each of its tests by number; a number that failed may be marked as to be done.
one() {
  local name=$1 status=0
  shift
  timeout -k 5 120 "$@" >"$OUT/output" 2>&1 || status=$?
  sed -nE "s/^(ok|not ok) ([0-9]+).*/\2 \1/p" "$OUT/output" | sed -e 's/not ok/not-ok/' -e "s|^|$name |" >>"$OUT/results"
  result "$name" "ended-with-$status"
}

run() {
  export TMPDIR=$T/tmp PERL5LIB=
  mkdir "$TMPDIR"
  cd "$T/t"
  for test in io/*.t op/{stat,chdir,filetest,glob,fork,exec,mkdir,readline,lfs,stat_errors,filetest_t,magic,sysio,rmdir,require_errors,inccode,alarm,die_exit,utf8cache,taint}.t; do
    [ ! -f "$test" ] || one "$test" ./perl "$test"
  done
  cd "$T"
  unset PERL5LIB
  for test in lib/File/*.t; do
    (cd t && one "$test" ./perl -I../lib "../$test")
  done
  for test in {ext,cpan,dist}/*/t/*.t; do
    [ ! -f "$test" ] || (cd "${test%/t/*}" && one "$test" /usr/bin/perl "t/${test##*/}")
  done
}

case ${1:-} in
  fetch) fetch "$2" ;;
  run) run ;;
  *) echo "usage: $0 fetch DIRECTORY | run" >&2; exit 2 ;;
esac
