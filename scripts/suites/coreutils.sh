#!/usr/bin/env bash
# GNU coreutils, built from their source outside, and their tests of files and directories, by the new programs, in the tree.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sources.sh"
least=350

subjects=(chgrp chmod chown cp dd du install ln ls mkdir mv readlink rm rmdir touch)
others=(stat-birthtime stat-fmt stat-hyphen stat-nanoseconds stat-slash stat-mount stat-printf sync pwd-long pwd-option pwd-unreadable-parent mktemp
  mknod realpath test test-N tee head-write-error cat-self basename dirname env env-S nohup timeout timeout-group sort-compress
  sort-merge truncate-fifo truncate-dangling-symlink truncate-dir-fail truncate-fail-diag truncate-no-create-missing truncate-overflow truncate-parameters
  truncate-relative truncate-owned-by-other shred-exact shred-passes shred-remove shred-size tac-continue unlink chcon-fail printf-surprise
  readlink-fp-loop selinux csplit csplit-io-err ls-misc ls-time cut wc-parallel wc-files0-from)

fetch() {
  mkdir -p "$1/tree"
  source_of "$1" coreutils
  (
    cd "$1/coreutils"
    FORCE_UNSAFE_CONFIGURE=1 nice ./configure -q CFLAGS=-O1 >configure.out 2>&1
    nice make -j2 >make.out 2>&1
    find . -name '*.o' -delete
    rm -rf debian .pc po gnulib-tests/*.c doc
  )
  rm -rf "$1/tree"
  mv "$1/coreutils" "$1/tree"
}

# What their makefile tells a test.
tell() {
  value() { sed -n "s/^$1 = //p" Makefile; }
  export srcdir=. top_srcdir=. abs_srcdir=$T abs_top_srcdir=$T abs_top_builddir=$T CONFIG_HEADER=$T/lib/config.h fail=0 LC_ALL=C LANGUAGE=C
  export VERSION PACKAGE_VERSION host_os host_triplet CC AWK EGREP PERL LOCALE_FR=none LOCALE_FR_UTF8=none MAKE=make SHELL=/bin/sh EXEEXT=
  VERSION=$(value VERSION)
  PACKAGE_VERSION=$VERSION
  host_os=$(value host_os)
  host_triplet=$(value host_triplet)
  CC=$(value CC)
  AWK=$(value AWK)
  EGREP=$(value EGREP)
  PERL=$(command -v perl)
  export built_programs
  built_programs="$(value built_programs) $(value single_binary_progs)"
  export TMPDIR=$T/tmp PATH=$T/src:$PATH
  mkdir "$TMPDIR"
}

# one TEST PROGRAM...: its name without what comes behind the point, and how it ended.
one() {
  local test=$1 status=0
  shift
  mkdir -p "$OUT/$(dirname "$test")"
  export CU_TEST_NAME="coreutils,${test//\//-}"
  timeout -k 5 100 "$@" 9>&2 >"$OUT/$test.log" 2>&1 || status=$?
  case $status in
    0) status=passed ;;
    77) status=skipped ;;
    *) status=failed-$status ;;
  esac
  result "$test" "$status"
}

run() {
  local pattern test
  cd "$T"
  tell
  for pattern in "${subjects[@]/%//*}" "${others[@]/#/misc/}"; do
    for test in tests/$pattern.sh; do
      [ ! -f "$test" ] || one "$test" /bin/sh "$test"
    done
    for test in tests/$pattern.pl; do
      [ ! -f "$test" ] || one "$test" perl -w -I tests -MCuSkip -MCoreutils -M"CuTmpdir qw($test)" "$test"
    done
  done
}

case ${1:-} in
  fetch) fetch "$2" ;;
  run) run ;;
  *) echo "usage: $0 fetch DIRECTORY | run" >&2; exit 2 ;;
esac
