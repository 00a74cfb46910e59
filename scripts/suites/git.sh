#!/usr/bin/env bash
# Git, built from its source outside, and its own tests of repositories, work trees and packs, in the tree.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sources.sh"
least=3000

scripts=(t0001-init t0002-gitfile t0005-signals t0008-ignores t0050-filesystem t0060-path-utils t0061-run-command t0070-fundamental t1006-cat-file
  t1011-read-tree-sparse-checkout t1300-config t1400-update-ref t1500-rev-parse t1501-work-tree t1504-ceiling-dirs t2000-conflict-when-checking-files-out
  t2003-checkout-cache-mkdir t2007-checkout-symlink t2021-checkout-overwrite t2080-parallel-checkout-basics t2200-add-update t2201-add-update-typechange
  t2400-worktree-add t2403-worktree-move t3000-ls-files-others t3005-ls-files-relative t3600-rm t3700-add t3903-stash t4115-apply-symlink
  t4122-apply-symlink-inside t5000-tar-tree t5300-pack-object t5304-prune t5306-pack-nobase t5510-fetch t5601-clone t5604-clone-reference
  t6500-gc t7001-mv t7063-status-untracked-cache t7300-clean t7508-status t7700-repack t7800-difftool t9300-fast-import)

fetch() {
  mkdir -p "$1/tree"
  source_of "$1" git
  (
    cd "$1/git"
    nice make -j2 CFLAGS=-O0 NO_CURL=1 NO_EXPAT=1 NO_OPENSSL=1 NO_GETTEXT=1 NO_TCLTK=1 NO_PYTHON=1 >make.out 2>&1
    find . -name '*.o' -delete
    find . -name '*.a' -delete
    rm -rf debian .pc po Documentation gitweb/static
    pwd >built-in
  )
  rm -rf "$1/tree"
  mv "$1/git" "$1/tree"
}

run() {
  local name
  cd "$T"
  sed -i "s|$(cat built-in)|$T|g" bin-wrappers/* GIT-BUILD-OPTIONS
  cd t
  for name in "${scripts[@]}"; do
    local status=0
    [ -f "$name.sh" ] || continue
    timeout -k 5 300 ./"$name.sh" --no-color >"$OUT/$name.out" 2>"$OUT/$name.err" || status=$?
    sed -nE "s/^(ok|not ok) ([0-9]+)( .*)?$/$name.\2 \1 \3/p" "$OUT/$name.out" | awk '
      { result = $2; if ($2 == "not") result = /# TODO/ ? "known-breakage" : "not-ok"; else if (/# skip/) result = "skipped"; print $1, result }' \
      >>"$OUT/results"
    result "$name" "ended-with-$status"
  done
}

case ${1:-} in
  fetch) fetch "$2" ;;
  run) run ;;
  *) echo "usage: $0 fetch DIRECTORY | run" >&2; exit 2 ;;
esac
