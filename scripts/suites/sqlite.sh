#!/usr/bin/env bash
# SQLite from its source: configure, make, and the new program's databases with four writers at once, in both kinds of journal.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sources.sh"
least=12

fetch() {
  command -v tclsh >/dev/null || { echo "cannot build SQLite: there is no tclsh; run apt-get install tcl" >&2; exit 1; }
  mkdir -p "$1/tree"
  source_of "$1" sqlite3
  (cd "$1/sqlite3" && cp -a . "$1/tree/")
  rm -rf "$1/sqlite3" "$1/tree"/{www,debian,.pc,test,ext/wasm}
}

run() {
  cd "$T"
  mkdir build
  cd build
  ../configure -q --disable-tcl --disable-shared --disable-readline CFLAGS=-O0 >configure.out 2>&1
  make -j2 sqlite3 >make.out 2>&1
  for file in sqlite3.c sqlite3.h shell.c sqlite3.o sqlite3; do
    [ ! -f "$file" ] || result "$file" "$(sha256sum <"$file" | cut -c 1-16)"
  done
  result "nothing to do" "$(make -s sqlite3 2>&1 | wc -l)"
  for mode in wal delete; do
    rm -f base.db*
    result "journal $mode" "$(./sqlite3 base.db "pragma journal_mode=$mode; create table t (n integer, w integer);" | tr '\n' _)"
    local writers=() i
    for i in 1 2 3 4; do
      for n in $(seq 100); do echo "insert into t values ($n, $i);"; done | ./sqlite3 -cmd '.timeout 60000' base.db >/dev/null &
      writers+=($!)
    done
    for i in "${writers[@]}"; do wait "$i"; done
    result "rows of $mode" "$(./sqlite3 base.db 'pragma integrity_check; select count(*), count(distinct n), count(distinct w) from t; vacuum;' | tr '\n' _)"
    result "dump of $mode" "$(./sqlite3 base.db 'select * from t order by w, n' | sha256sum | cut -c 1-16)"
    result "files of $mode" "$(echo base.db* | tr ' ' _)"
  done
}

case ${1:-} in
  fetch) fetch "$2" ;;
  run) run ;;
  *) echo "usage: $0 fetch DIRECTORY | run" >&2; exit 2 ;;
esac
