#!/usr/bin/env bash
# Lua from its source by gcc and make, and what the new interpreter does in the tree.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/sources.sh"
least=30

fetch() {
  mkdir -p "$1/tree"
  source_of "$1" lua5.4
  cp -a "$1/lua5.4/src" "$1/tree/"
  # Debian's package makes this one when it is built.
  echo '#define DEB_HOST_MULTIARCH "none"' >"$1/tree/src/lua5.4-deb-multiarch.h"
  rm -rf "$1/lua5.4"
}

run() {
  cd "$T/src"
  # Debian's builds by libtool; this is the plain way. What tells of the place would make two binaries differ.
  cat >build.mk <<'MAKE'
SOURCES := $(filter-out luac.c onelua.c ltests.c, $(wildcard *.c))
OBJECTS := $(SOURCES:.c=.o)
lua: $(OBJECTS)
	gcc -o $@ $^ -lm -ldl -Wl,-E -Wl,--build-id=none
%.o: %.c
	gcc -O1 -MMD -DLUA_USE_LINUX -DLUA_COMPAT_5_3 -c -o $@ $<
-include $(OBJECTS:.o=.d)
MAKE
  make -s -f build.mk -j2
  for file in *.o lua; do
    result "$file" "$(sha256sum <"$file" | cut -c 1-16)"
  done
  result "nothing to do" "$(make -f build.mk | sha256sum | cut -c 1-16)"
  touch lobject.h
  result "after a header" "$(make -f build.mk | grep -c gcc)"
  cat >files.lua <<'LUA'
local name = os.tmpname(); os.remove(name)
local f = assert(io.open("written", "w+")); f:setvbuf("full", 100)
for i = 1, 1000 do f:write(i, "\n") end
f:seek("set", 10); io.write(f:read("l"), " ", f:seek("end"), " "); f:close()
assert(os.rename("written", "renamed")); io.write(tostring(io.open("written")), " ")
local sum = 0; for line in io.lines("renamed") do sum = sum + tonumber(line) end
io.write(sum, " ", (io.popen("cat renamed | wc -l"):read("n")), " ", tostring(os.remove("renamed")), " ", select(3, os.remove("renamed")), "\n")
LUA
  result "files.lua" "$("$T/src/lua" files.lua | tr ' ' _)"
  mkdir lib
  echo 'return { name = ... }' >lib/inside.lua
  result "require" "$(LUA_PATH='lib/?.lua' ./lua -e 'print(require("inside").name, package.searchpath("inside", package.path))' | tr '\t' _)"
}

case ${1:-} in
  fetch) fetch "$2" ;;
  run) run ;;
  *) echo "usage: $0 fetch DIRECTORY | run" >&2; exit 2 ;;
esac
