# Makes the tree of ShimProgramsIT in the current directory. $1: the directory of the tests' resources.
cp -r "$1/shim-project" project
mkdir -p bin lib py/pack perl js data/deep/er/est
cp -r "$1"/shim-programs/py/. py
cp -r "$1"/shim-programs/perl/. perl
cp -r "$1"/shim-programs/js/. js

for i in $(seq 40); do seq "$i" $((i * 37)) >"data/n$i.txt"; done
# The same contents under several names are several files.
cp data/n1.txt data/twin.txt
cp data/n1.txt data/deep/twin.txt
: >data/empty
: >data/deep/empty
echo 'not shown by ls' >data/.hidden
echo 'a name of two words' >'data/two words'
echo 'a name beyond ASCII' >'data/naïve'
head -c 300000 /dev/zero >data/zeros
ln -s n1.txt data/link
ln -s ../../n2.txt data/deep/er/up
ln -s nowhere data/broken
ln -s deep data/below
chmod 444 data/n3.txt
chmod 600 data/n4.txt
chmod 700 data/deep/er
chmod 755 data/n6.txt

gcc -O1 -shared -fPIC -o lib/libgreeting.so -x c - <<'C'
const char *greeting(void);
const char *greeting(void) { return "from a library of the tree"; }
C
gcc -O1 -o bin/linked -x c - -Llib -lgreeting "-Wl,-rpath,\$ORIGIN/../lib" <<'C'
#include <stdio.h>
const char *greeting(void);
int main(void) { return puts(greeting()) < 0; }
C
gcc -O1 -o bin/greet "$1/shim-programs/greet.c"
cp "$(readlink -f /bin/dash)" bin/shell
printf '#!/bin/sh\necho "script $0 $#: $*"\n. ./lib/words.sh\nwords\n' >bin/script
printf '#!/usr/bin/env shell\necho "by env: $0 $*"\n' >bin/byenv
printf 'words() { sort -n data/n2.txt | tail -n 1; }\n' >lib/words.sh
chmod 755 bin/*
find . -exec touch -h -d '2021-02-03T04:05:06.789012345Z' {} +
