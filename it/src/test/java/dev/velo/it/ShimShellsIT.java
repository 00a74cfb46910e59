package dev.velo.it;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Shells, what they execute in the tree at /vrift, and the tools that people use in them, as in a copy of the tree. */
class ShimShellsIT {
    @RegisterExtension
    static final Shown tree = new Shown();

    @Test
    void findAndLsSeeTheSame() {
        // Sizes, blocks and counts of links of directories are the file system's own.
        tree.same("""
                ls -lRA --time-style=full-iso | awk '/^total/ { next } /^d/ { $2 = ""; $5 = "" } { print }'
                ls -1 data/; ls -d data/*; ls -lu --time-style=+ data/n3.txt; ls "$T/data/missing" || true
                find . -printf '%P %y %m %u %g %T@ %l\\n' | LC_ALL=C sort
                find data ! -type d -printf '%P %n %s\\n' | LC_ALL=C sort
                find . -printf '%i\\n' | sort | uniq -d | wc -l
                find . -printf '%D\\n' | sort -u | wc -l
                find "$T" -xdev -name '*.c' | LC_ALL=C sort
                find . -empty | LC_ALL=C sort
                find -L data -type f -size +4k | LC_ALL=C sort
                find . -newer data/n1.txt
                find data -samefile data/n1.txt
                find data -name 'n1*' -exec wc -l {} + | LC_ALL=C sort
                find data -name 'n2*' -execdir cat {} \\; | sort | sha256sum
                find data -depth -name 'e*' -type f -delete; find data -name 'e*' | LC_ALL=C sort; find data/deep/er/est -delete; ls data/deep/er
                stat -c '%n %F %a %h %s %U %y' data/n3.txt data/link data/.hidden
                du -b data/n1.txt data/zeros; test data -ef ./data/../data && echo same
                """);
    }

    @Test
    void filesAreCopiedMovedAndRemoved() {
        tree.same("""
                cp -a data copy; diff -r --no-dereference data copy
                cp -al data linked; stat -c %h data/n1.txt; test data/n1.txt -ef linked/n1.txt
                echo through both >>linked/n1.txt; tail -n 1 data/n1.txt
                mv copy moved; ls moved | wc -l; mv moved data/; ls data/moved | wc -l; ls copy || true
                mv data/n5.txt "$H/"; mv "$H/n5.txt" data/back.txt; mv data/deep "$H/"; find "$H" | wc -l; mv "$H/deep" data/
                cp -r "$T/data/moved" "$H/out"; cp -r "$H/out" in; diff -r --no-dereference in data/moved
                rm -rf linked data/moved/deep; rmdir data || true; rm -rf data; ls data || true; ls
                mkdir data; ls -A data; echo new >data/n1.txt; cat data/n1.txt
                mkdir -p a/b/c; mv a/b/c a/; rmdir a/b; mv -T a/c c; ls
                touch c/{1..300}; ls c | wc -l; rm c/*5; ls c | wc -l; rm -r c
                install -D -m 640 project/Makefile x/y/z; stat -c '%a %s' x/y/z; ln x/y/z x/z; ln -s y x/s; ls x; cat x/s/z | wc -l
                truncate -s 100 x/z; stat -c '%s %h' x/y/z; dd if=/dev/zero of=x/z bs=1 seek=200 count=1 conv=notrunc status=none; wc -c x/y/z
                rm -r x project js perl py bin lib; ls -A
                """);
    }

    @Test
    void textToolsWorkInPlace() {
        tree.same("""
                sort -rn -o data/n1.txt data/n1.txt; head -n 2 data/n1.txt; sort -T "$T" --parallel=2 -S 32K data/n*.txt | uniq -c | sort -n | tail -n 2
                sed -i 's/^1/one /' data/n2.txt; head -n 20 data/n2.txt | tail -n 3; sed -i.old 5q data/n3.txt; cat data/n3.txt; wc -l data/n3.txt.old
                diff -r data project | wc -l || true; diff data/n4.txt data/n6.txt | sha256sum || true
                cp data/n6.txt new; sed -i 3d new; diff -u --label a --label b data/n6.txt new >d.patch || true; ! command -v patch >/dev/null || patch -s data/n6.txt <d.patch; cmp data/n6.txt new || true
                grep -rlx 74 data | LC_ALL=C sort; grep -c . data/n1[0-5].txt
                split -l 10 data/n4.txt part.; cat part.* | cmp - data/n4.txt; ls part.* | wc -l
                find data -name 'n*.txt' -print0 | xargs -0 -P 4 -n 5 wc -c | awk '{ s += $1 } END { print s }'
                awk '{ s += $1 } END { print s >"sum"; close("sum") }' data/n7.txt; cat sum
                gzip -k data/zeros; gunzip -c data/zeros.gz | cmp - data/zeros; tee -a other <sum >/dev/null; cat other
                d=$(mktemp -d -p "$T" tmp.XXXXXX); touch -r data/n8.txt -d '1 day' "$d/f"; stat -c %y "$d/f"; rm -r "$d"
                readlink -f data/below/er/up data/link; realpath data/../data/n1.txt; cd data; basename "$PWD"; cd ..; md5sum data/n9.txt | md5sum -c
                comm -12 <(sort data/n1.txt) <(sort data/n2.txt) | wc -l; flock data/n1.txt echo locked; paste data/n1.txt data/n3.txt | head -n 1
                """);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "dash"})
    void shellsWorkInTheTree(String shell) {
        Host.needsTool(shell);
        tree.same("""
                cat >own <<'END'
                set -eu
                pwd; cd data; pwd; cd deep/er; pwd; cd ../..; pwd; cd "$T"; cd data/below; pwd; pwd -P; cd -P ..; pwd; cd "$T"
                for f in data/n1?.txt; do printf '%%s ' "${f##*/}"; done; echo; echo */; echo data/.h*
                echo one >w; echo two >>w; cat <w; while read -r x; do echo "read $x"; done <w; exec 3<w; read -r y <&3; echo "$y"; exec 3<&-
                set -C; (echo three >w) 2>/dev/null || echo kept; set +C; : >w; test -s w || echo empty
                . "$T/lib/words.sh"; words; $(command -v sh) -c 'echo $0 $1' "$0" x; echo $(cat data/n2.txt) | cut -c1-10
                test -r data/n1.txt; test -d data; test -L data/link; test ! -e data/broken; test -x data/n6.txt; test data/n1.txt -ef data/link
                (cd data && ls | wc -l); ls missing 2>/dev/null || echo none; rm w; umask 027; : >m; stat -c %%a m; trap 'echo left' EXIT
                END
                %s "$T/own"
                """.formatted(shell));
    }

    @Test
    void scriptsOfTheTreeRun() {
        tree.same("""
                bin/script one; "$T/bin/script" 'a b' c; PATH="$T/bin:$PATH"; script by path; byenv two; cd data; ../bin/byenv three; cd ..
                printf '#!%s/bin/shell -e\\necho "own interpreter: $0 $*"; false; echo not reached\\n' "$T" >with; chmod 755 with; ./with x || echo failed
                printf '#!bin/shell\\necho "relative interpreter: $0 $*"\\n' >relative; chmod 755 relative; ./relative y
                printf 'echo "no first line: $1"\\n' >bare; chmod 755 bare; ./bare z; env ./bare z; perl -e 'exec "./bare", "from perl"'
                printf 'data' >none; ./none 2>&1 || echo $?; chmod 755 data/n1.txt; "$T/data" 2>&1 || echo $?; ./missing 2>&1 || echo $?
                printf '#!/missing/interpreter\\n' >bad; chmod 755 bad; ./bad 2>/dev/null || echo $?
                cat >nested <<'END'
                #!/usr/bin/env -S perl -w
                print "perl $0 @ARGV\\n";
                END
                chmod 755 nested; ./nested a; cp nested "$H/"; "$H/nested" b; find data -name n1.txt -exec bin/script {} \\;
                """);
    }

    @Test
    void programsOfTheTreeRun() {
        tree.same("""
                bin/greet; "$T/bin/greet" 'a b' ''; PATH="$T/bin:$PATH" greet by path; (PATH="$T/bin:$PATH"; exec greet after exec)
                cd data; ../bin/greet relative; env -C "$T/bin" ./greet; (exec -a another "$T/bin/greet"); nice "$T/bin/greet" nice
                cp ../bin/greet own; ./own | grep -v '^first' || true; mkdir "$T/b2"; mv own "$T/b2/"; "$T/b2/own" moved; ln -s b2 "$T/b3"; "$T/b3/own"
                chmod 644 "$T/b2/own"; "$T/b2/own" 2>&1 || echo $?; find "$T/bin" -name greet -exec {} found \\;; echo x y | xargs "$T/bin/greet"
                perl -e 'system("$ENV{T}/bin/greet", "system") and die; print `$ENV{T}/bin/greet popen`; exec { "$ENV{T}/bin/greet" } "renamed", 1'
                """);
    }
}
