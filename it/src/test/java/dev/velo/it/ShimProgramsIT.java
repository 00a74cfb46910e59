package dev.velo.it;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Compilers, archivers and interpreters whose work is in the tree at /vrift say and leave what they do in a copy of the tree. */
class ShimProgramsIT {
    @RegisterExtension
    static final Shown tree = new Shown();

    /** The one of the system: others may be scripts. */
    private static void needsPython() {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "needs the program /usr/bin/python3");
    }

    @Test
    void makeBuildsAProjectOnce() {
        Host.needsTool("make");
        tree.same("""
                cd project
                make -j4 | sort
                make
                build/numbers data/numbers.txt
                "$T/project/build/numbers" -b 7 "$T/project/data/numbers.txt" | tail -n 1
                touch lib/sort.c
                make
                make
                touch include/report.h
                make | sort
                cat build/src/main.d build/lib/report.d
                ar t build/libnumbers.a
                nm build/libnumbers.a | grep ' T ' | sort
                make clean
                find . -type f | sort
                """);
    }

    @Test
    void aCompilerNamesItsFilesAsTheyAreShown() {
        tree.same("""
                cd project/lib
                printf '#include "%s/include/report.h"\\n#include <broken.h>\\n' "$T/project" >bad.c
                gcc -I../include -c bad.c 2>&1 || echo failed
                gcc -I../include -MM -H "$T/project/lib/report.c" -o - 2>&1 | grep -v /usr | tr -s ' \\\\\\n' ' '
                gcc -I../include -g -c report.c -o "$T/report.o"
                readelf --string-dump=.debug_line_str "$T/report.o" | grep -o "$T.*" | sort
                """);
    }

    @Test
    void cmakeConfiguresOnce() {
        Host.needsTool("cmake");
        Host.needsTool("make");
        tree.same("""
                cat >project/CMakeLists.txt <<'END'
                cmake_minimum_required(VERSION 3.10)
                project(numbers C)
                file(GLOB parts lib/*.c)
                add_library(numbers_of STATIC ${parts})
                target_include_directories(numbers_of PUBLIC include)
                add_executable(numbers src/main.c src/options.c)
                target_link_libraries(numbers numbers_of)
                END
                cmake -S project -B out >/dev/null
                cmake --build out | grep -c Building
                cmake --build out
                touch project/include/table.h
                cmake --build out | grep Building | LC_ALL=C sort
                out/numbers project/data/numbers.txt | tail -n 1
                grep -h "$T" out/CMakeCache.txt | LC_ALL=C sort
                """);
    }

    @Test
    void aDebuggerStopsInAProgramOfTheTree() {
        Host.needsTool("gdb");
        tree.same("""
                cd project
                gcc -g -O0 -Iinclude src/*.c lib/*.c -o debugged
                gdb -q -nx -batch -ex 'break greatest_divisor' -ex run -ex 'print b' -ex 'info source' -ex kill --args ./debugged data/numbers.txt 2>&1 \\
                  | grep -E '^(\\$1|Located|Compilation|Breakpoint 1, )' | sed 's/=0x[0-9a-f]*//g'
                """);
    }

    private static final String GIT = """
            export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.com GIT_AUTHOR_DATE='2022-01-01T00:00:00Z' GIT_CONFIG_NOSYSTEM=1
            export GIT_COMMITTER_NAME=c GIT_COMMITTER_EMAIL=c@example.com GIT_COMMITTER_DATE='2022-01-01T00:00:00Z' GIT_CONFIG_GLOBAL=/dev/null
            git init -q -b main .
            git config gc.auto 0
            git add .
            git commit -q -m first
            """;

    @Test
    void gitKeepsAHistory() {
        Host.needsTool("git");
        tree.same(GIT + """
                git status --porcelain
                git log --format='%H %T %s'
                echo more >>data/n1.txt
                git mv data/n2.txt data/moved.txt
                rm data/n5.txt
                chmod 755 data/n7.txt
                git status --porcelain
                git add -A
                git commit -q -m second
                git diff --stat HEAD~1 | tail -n 1
                git checkout -q -b side HEAD~1
                echo side >data/side.txt
                git add data
                git commit -q -m side
                git merge -q -m merged main
                git stash list; echo x >>data/n1.txt; git stash -q; git stash pop -q; git checkout -q data/n1.txt
                git gc -q --prune=now
                git count-objects -v | grep -E '^(count|in-pack|packs|garbage)'
                git fsck --strict
                git log --format='%H %s' --all | sort
                git status --porcelain
                git grep -c 'appended\\|more'
                """);
    }

    @Test
    void gitHasWorktreesAndClones() {
        Host.needsTool("git");
        tree.same(GIT + """
                git worktree add -q -b other "$T/other"
                git worktree list | sed 's/ .*//'
                echo there >>other/data/n3.txt || chmod u+w other/data/n3.txt
                echo there >>other/data/n3.txt
                git -C other commit -q -a -m there
                git clone -q --no-hardlinks . "$T/clone"
                git -C clone log --format=%H
                git -C clone fetch -q origin other
                git -C clone log --format='%H %s' FETCH_HEAD
                git -C clone fsck
                git worktree remove other
                git worktree list | wc -l
                rm -rf clone
                git clone -q --no-hardlinks . "$H/outside"
                git -C "$H/outside" status --porcelain
                git pull -q "$H/outside" main
                git rev-parse HEAD
                """);
    }

    /** The archive is the same to the byte: names, modes, times, owners, contents. */
    @Test
    void tarMakesTheSameArchive() {
        Host.needsTool("tar");
        tree.same("""
                tar --sort=name -cf all.tar bin data js lib perl project py
                tar -tvf all.tar --full-time | wc -l
                sha256sum all.tar
                mkdir again "$H/again"
                tar -C again -xpf all.tar
                tar -C "$H/again" -xpf all.tar
                diff -r --no-dereference data again/data
                diff -r --no-dereference data "$H/again/data"
                tar --compare -f all.tar && echo equal
                tar -C again --sort=name -cf - bin data js lib perl project py | sha256sum
                tar -cz data | tar -tz | LC_ALL=C sort | sha256sum
                """);
    }

    @Test
    void rsyncTransfersOnce() {
        Host.needsTool("rsync");
        tree.same("""
                numbers() { grep -E '^(Number of (files|created|deleted|regular)|Total .*file)' | LC_ALL=C sort; }
                rsync -aH --stats data/ copy/ | numbers
                rsync -aHi --checksum data/ copy/
                rsync -aHi --delete data/ copy/
                touch data/n1.txt; rm copy/n2.txt; echo x >copy/extra; echo longer >>data/n6.txt
                rsync -aHi --delete data/ copy/ | LC_ALL=C sort
                rsync -a data "$H/"
                rsync -ai data "$H/"
                diff -r --no-dereference data "$H/data"
                echo y >"$H/data/n9.txt"
                rsync -ai "$H/data" . | LC_ALL=C sort
                cat data/n9.txt
                """);
    }

    @Test
    void pythonWorksOnTheTree() {
        needsPython();
        tree.same("/usr/bin/python3 py/walk.py");
    }

    @Test
    void pythonKeepsWhatItCompiled() {
        needsPython();
        tree.same("""
                export PYTHONPATH="$T/py"
                /usr/bin/python3 -c 'import pack; print(pack.__file__, pack.__cached__)'
                find . -name '*.pyc' | LC_ALL=C sort
                /usr/bin/python3 -v -c 'import pack' 2>&1 | grep -o "matches $T.*"
                """);
    }

    @Test
    void fourWritersShareADatabase() {
        needsPython();
        tree.same("""
                cat >look.py <<'END'
                import sqlite3
                base = sqlite3.connect("base.db")
                print(base.execute("pragma integrity_check").fetchall(), base.execute("pragma journal_mode").fetchall())
                print(base.execute("select count(*), count(distinct n), min(n), max(n), count(distinct w) from t").fetchall())
                END
                /usr/bin/python3 -c 'import sqlite3; b = sqlite3.connect("base.db"); print(b.execute("pragma journal_mode=wal").fetchall()); b.execute("create table t (n integer, w integer, i integer)")'
                writers=()
                for i in 1 2 3 4; do
                  /usr/bin/python3 py/writer.py "$T/base.db" $i 100 &
                  writers+=($!)
                done
                for writer in "${writers[@]}"; do wait "$writer"; done
                /usr/bin/python3 look.py
                ls base.db*
                """);
    }

    @Test
    void perlWorksOnTheTree() {
        Host.needsTool("perl");
        tree.same("perl perl/files.pl");
    }

    @Test
    void nodeWorksOnTheTree() {
        Host.needsTool("node");
        tree.same("node js/program.js");
    }

    @Test
    void javaCompilesAndRuns() {
        Host.needsTool("javac");
        tree.same("""
                mkdir -p java/p classes
                cat >java/p/Main.java <<'END'
                package p;
                import java.nio.file.*;
                public class Main {
                    public static void main(String[] a) throws Exception {
                        Path t = Path.of(System.getenv("T"));
                        try (var all = Files.walk(t.resolve("data"))) { System.out.println(all.count()); }
                        System.out.println(t.resolve("data/link").toRealPath() + " " + Files.size(t.resolve("data/zeros")));
                        Path made = Files.createTempDirectory(t, "made").resolve("f");
                        Files.writeString(made, "text"); Files.move(made, made.resolveSibling("g"));
                        Files.copy(t.resolve("data/n1.txt"), made);
                        try (var list = Files.list(made.getParent())) { System.out.println(list.map(p -> p.getFileName().toString()).sorted().toList()); }
                        System.out.println(new Main().getClass().getProtectionDomain().getCodeSource().getLocation());
                        Process p = new ProcessBuilder(t.resolve("bin/greet").toString(), "x").directory(t.resolve("data").toFile()).inheritIO().start();
                        System.out.println(p.waitFor());
                    }
                }
                END
                export JAVA_TOOL_OPTIONS=
                javac -d classes java/p/Main.java
                java -Xshare:auto -XX:TieredStopAtLevel=1 -cp "$T/classes" p.Main
                """);
    }

    /** What the loader opens does not go through libc. */
    @Test
    void programsOfTheTreeFindTheirLibrariesThere() {
        tree.same("""
                bin/linked
                LD_LIBRARY_PATH="$T/lib" bin/linked
                cp lib/libgreeting.so "$T/"; LD_LIBRARY_PATH="$T" bin/linked
                """);
    }

    @Test
    void librariesOfTheTreeAreLoaded() {
        needsPython();
        tree.same("""
                cat >load.py <<'END'
                import ctypes, os
                for name in "lib/libgreeting.so", "./lib/libgreeting.so", os.environ["T"] + "/copy.so":
                    greeting = ctypes.CDLL(name).greeting
                    greeting.restype = ctypes.c_char_p
                    print(greeting())
                END
                cp lib/libgreeting.so copy.so
                /usr/bin/python3 load.py
                """);
    }
}
