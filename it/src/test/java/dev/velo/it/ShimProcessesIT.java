package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Many processes of a run share one view of the tree at /vrift, whatever happens to some of them, and runs share nothing. */
class ShimProcessesIT {
    private static final Path RESOURCES = Workspace.REPOSITORY.resolve("it/target/test-classes");

    @RegisterExtension
    static final Shown tree = new Shown();

    /** What all tests of the tree rest upon: only a run shows it. */
    @Test
    void nothingIsThereWithoutARun() {
        Path host = tree.work().dir("host");
        Outcome without = tree.work()
                .command(List.of("/bin/bash", "-c", "cd /vrift"))
                .run()
                .exits(1);
        assertThat(without.err()).contains("No such file or directory");
        tree.shown(host, "cat data/n1.txt >$H/out; mkdir made; cd made; pwd")
                .run()
                .prints("/vrift/made\n");
        assertThat(host.resolve("out")).content().startsWith("1\n2\n").hasLineCount(37);
    }

    @Test
    void aRunLeavesNothingToTheNext() {
        Path host = tree.work().dir("host");
        tree.shown(host, "rm data/n1.txt; echo x >>data/n2.txt; mkdir made; mv data moved")
                .run()
                .prints("");
        tree.shown(host, "wc -l <data/n1.txt; wc -l <data/n2.txt; ls").run().prints("""
                37
                73
                bin
                data
                js
                lib
                perl
                project
                py
                """);
    }

    @Test
    void runsAtTheSameTimeAreApart() {
        List<Command.Running> runs = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            Path host = tree.work().dir("host");
            runs.add(tree.shown(host, """
                    for i in $(seq 20); do echo %1$d >>data/n1.txt; mkdir -p "made/%1$d-$i"; done
                    tail -n 20 data/n1.txt | sort -u; ls made | wc -l; ls made | grep -vc '^%1$d-' || true
                    """.formatted(i)).start());
        }
        for (int i = 0; i < 4; i++) {
            runs.get(i).await().prints(i + "\n20\n0\n");
        }
    }

    /** So many times; scripts/crowd.sh asks for more. */
    private static final int ROUNDS = Integer.getInteger("velo.rounds", 1);

    @Test
    void fiftyProcessesStartAtOnce() {
        for (int round = 0; round < ROUNDS; round++) {
            tree.same("""
                    mkdir out
                    started=()
                    for i in $(seq 50); do
                      case $((i % 3)) in
                        0) sh -c 'cat data/n'$((i % 40 + 1))'.txt >out/'$i'; echo '$i' >>log' & ;;
                        1) perl -e 'open my $l, ">>", "log"; print $l "'$i'\\n"; rename "out", "out" or die; open my $o, ">", "out/'$i'"; print $o -s "data/n'$((i % 40 + 1))'.txt"' & ;;
                        2) (cd data && cp "n$((i % 40 + 1)).txt" "../out/$i.new" && mv "../out/$i.new" "../out/$i" && echo $i >>../log) & ;;
                      esac
                      started+=($!)
                    done
                    for process in "${started[@]}"; do wait "$process"; done
                    sort -n log | uniq -c; ls out | wc -l; cat out/{1..50} | sha256sum
                    """);
        }
    }

    /** Each reads back what it wrote, and nobody's file is another's. */
    @Test
    void tenThreadsDoAThousandThingsEach() {
        for (int round = 0; round < ROUNDS; round++) {
            tree.same("""
                    gcc -O1 -pthread -o threads "$1"
                    timeout 50 ./threads 10 1000
                    ls shared* | wc -l
                    cat shared*/* | sort | sha256sum
                    stat -c '%h %s' shared*/* | sort | uniq -c
                    find shared? -type d -links 2 | wc -l
                    """.replace(
                            "$1", RESOURCES.resolve("shim-programs/threads.c").toString()));
        }
    }

    @Test
    void aParentSeesWhatItsChildrenDo() {
        tree.same("""
                exec 3<data/n1.txt 4>>data/n2.txt
                sh -c 'echo from a child >>data/n2.txt; rm data/n1.txt; mkdir made; mv data renamed'
                echo from the parent >&4; tail -n 2 renamed/n2.txt; wc -l <&3; ls; test -e data || echo gone
                cd renamed; sh -c 'cd ..; mv renamed again'; /bin/pwd; ls n2.txt; cat ../again/n2.txt | wc -l
                mkdir hollow; cd hollow; rmdir ../hollow; ls -A; touch x 2>/dev/null || echo none; cd "$T"; ls -A again | head -n 3
                """);
    }

    /** A process whose environment is empty is still one of the run. */
    @Test
    void anEmptyEnvironmentKeepsTheView() {
        tree.same("""
                env -i /bin/ls "$T/data" | wc -l
                env -i "$T/bin/greet" x
                env -i /bin/sh -c "cd $T/data; exec /usr/bin/env -i /bin/sh -c 'pwd; cat n2.txt' | tail -n 2"
                env -u LD_PRELOAD cat data/n1.txt | wc -l
                LD_PRELOAD= sh -c 'unset LD_PRELOAD; cat data/n1.txt' | wc -l
                perl -e '%ENV = (); exec "/bin/cat", "data/naïve"'
                env -i /usr/bin/perl -e 'print -s "data/zeros", "\\n"; system "/bin/sh", "-c", "wc -c <data/zeros"'
                """);
    }

    @Test
    void aPreloadedLibraryOfTheUserStays() {
        Path host = tree.work().dir("host");
        String library = host.resolve("mine.so").toString();
        tree.work().sh(host, """
                echo '#include <unistd.h>
                pid_t getppid(void) { return 424242; }' | gcc -shared -fPIC -o mine.so -x c -
                """);
        String script = """
                perl -e 'print getppid, " ", -s "data/zeros", "\\n"'
                sh -c 'exec perl -e '"'"'print getppid, " ", -s "data/zeros", "\\n"'"'"
                """;
        // Perl's getppid is libc's, so the library is heard of.
        tree.shown(host, script).with("LD_PRELOAD", library).run().prints("424242 300000\n424242 300000\n");
        tree.shown(host, "export LD_PRELOAD=" + library + "\n" + script).run().prints("424242 300000\n424242 300000\n");
        tree.shown(host, "export LD_PRELOAD=\"" + library + ":${LD_PRELOAD:-}\"\n" + script)
                .run()
                .prints("424242 300000\n424242 300000\n");
        Outcome without = tree.shown(host, script).run().succeeds();
        assertThat(without.out()).doesNotContain("424242").contains(" 300000\n");
    }

    /** Four writers are killed at any point, six times and more. What was closed is there, to the byte, and the others go on. */
    @Test
    void nothingThatWasClosedIsLostWhenWritersAreKilled() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "needs the program /usr/bin/python3");
        Path host = tree.work().dir("host");
        Outcome outcome = tree.shown(host, """
                : >"$H/log"
                for round in $(seq %d); do
                  writers=()
                  size=$(stat -c %s "$H/log")
                  for i in 1 2 5 7; do
                    /usr/bin/python3 py/until_killed.py $i "$H/log" &
                    writers+=($!)
                  done
                  while [ $(stat -c %s "$H/log") -lt $((size + 10000)) ]; do sleep 0.02; done
                  for writer in "${writers[@]}"; do
                    sleep 0.0$((RANDOM % 10))
                    kill -9 "$writer"
                  done
                  wait
                  # One more may do all that they did.
                  timeout 20 sh -c 'mkdir d && echo x >d/f && mv d e && echo y >>data/n20.txt && rm -r e && ls written/* >/dev/null'
                done 2>"$H/err"
                # Killed between its two names or between close and note, a file may be there under another name; none may lack.
                sha256sum --quiet -c "$H/log" && echo all
                for i in 1 2 5 7; do head -n $((i * 37 - i + 1)) data/n$i.txt | cmp - <(seq $i $((i * 37))); done
                find . -type l -print0 | xargs -0 -n 100 readlink >/dev/null
                find . -type d -name '*.[de]' | while read -r d; do test -L "$d/link" || ls -A "$d"; done
                rm -rf written; ls
                """.replace("%d", Integer.toString(6 * ROUNDS)))
                .within(Duration.ofSeconds(100L * ROUNDS))
                .run();
        assertThat(Files.readAllLines(host.resolve("log"))).hasSizeGreaterThan(600);
        outcome.prints("all\nbin\ndata\njs\nlib\nperl\nproject\npy\n");
    }
}
