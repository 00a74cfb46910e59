package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Programs that load no library see the tree at /vrift as all others do, as in a copy of it. That they do is the supervisor's work: without it each
 * of these fails, since nothing is at /vrift.
 */
class ShimStaticIT {
    @RegisterExtension
    static final Shown tree = new Shown();

    private static Path programs;

    @BeforeAll
    static void build() {
        Host.needsTool("busybox");
        programs = tree.work().dir("programs");
        tree.work().sh(programs, """
                gcc -std=c11 -O1 -static -o calls "$1/shim-static/calls.c"
                gcc -O1 -static -o greet "$1/shim-programs/greet.c"
                gcc -O1 -o dynamic "$1/shim-static/calls.c"
                cp "$(readlink -f "$(command -v busybox)")" busybox
                """, Workspace.REPOSITORY.resolve("it/target/test-classes"));
    }

    /** The script with its programs in $P; bb is a static shell of the host, and each of its applets a process of its own. */
    private static Outcome same(String script) {
        return tree.same("P=" + programs + "; bb=$P/busybox; export P bb\n" + script);
    }

    private static Command shown(String script) {
        return tree.shown(tree.work().dir("host"), "P=" + programs + "; bb=$P/busybox; export P bb\n" + script);
    }

    /** Without a run nothing is there, and in a run it is not on the disk either. */
    @Test
    void theControl() {
        tree.work()
                .command(List.of(programs.resolve("busybox").toString(), "cat", "/vrift/data/n1.txt"))
                .run()
                .exits(1);
        shown("$bb cat /vrift/data/n1.txt | sed -n 1,1p").run().prints("1\n");
        assertThat(Path.of("/vrift")).doesNotExist();
    }

    @Test
    void appletsReadTheTree() {
        same("""
                $bb cat data/n1.txt "$T/data/link" | $bb sha256sum; $bb ls -1A data | LC_ALL=C sort; $bb wc -c data/zeros
                $bb find "$T/data" -type f | LC_ALL=C sort; $bb stat -c '%F %a %s %h %Y' data/n3.txt data/link data/deep
                $bb readlink data/link; $bb readlink -f data/deep/er/up; $bb realpath "$T/data/below/er"; $bb grep -c 1 data/n2.txt
                $bb cat data/broken 2>&1 || echo $?; $bb ls data/missing 2>&1 || echo $?; $bb test -d data/below && echo directory
                $bb tar cf - data/deep | $bb tar tf - | LC_ALL=C sort; $bb sort -rn data/n2.txt | $bb sed -n 1,1p; $bb cmp data/n1.txt data/twin.txt && echo equal
                $bb head -c 10 <data/n2.txt; exec 5<data/n1.txt; $bb sh -c 'read x <&5; echo $x; read x <&5; echo $x'; read -r x <&5; echo "$x"
                """);
    }

    @Test
    void appletsChangeTheTree() {
        same("""
                $bb cp -a data copy; diff -r --no-dereference data copy; $bb mv copy/n1.txt copy/moved; $bb rm -r copy/deep; ls -A copy | LC_ALL=C sort | sed -n 1,3p
                $bb mkdir -p a/b/c; $bb touch a/b/f; $bb ln a/b/f a/g; $bb ln -s b/f a/s; stat -c %h a/g; $bb rmdir a/b/c; $bb chmod 640 a/g; stat -c %a a/b/f
                echo more | $bb tee -a data/n2.txt; tail -n 1 data/n2.txt; $bb dd if=/dev/zero of=data/n5.txt bs=10 count=1 conv=notrunc 2>/dev/null; (cmp -l data/n5.txt <(seq 5 185) || true) | wc -l
                $bb touch -d '2001-02-03 04:05:06' a/g; stat -c %Y a/b/f; $bb truncate -s 5 data/n6.txt; cat data/n6.txt; $bb sed -i s/1/one/ data/n7.txt; head -n 5 data/n7.txt
                $bb mv data/n8.txt "$H/out"; head -n 1 "$H/out"; $bb mv "$H/out" data/back; ls data/n8.txt 2>&1 || true; $bb mkfifo pipe; (echo through >pipe &); $bb cat pipe
                $bb rm data/n9.txt; $bb rmdir data 2>&1 || echo $?; umask 027; $bb touch masked; stat -c %a masked
                """);
    }

    @Test
    void aStaticShellWorksInTheTree() {
        same("""
                cat >own <<'END'
                pwd; cd data; pwd; cd deep/er; pwd; cd ../..; pwd; cd below; pwd; pwd -P; cd -P ..; pwd; cd "$T"; $bb pwd; /bin/pwd
                echo one >w; echo two >>w; cat w; $bb cat <w; while read x; do echo "read $x"; done <w; for f in data/n1?.txt; do echo ${f##*/}; done
                . ./lib/words.sh; words; test -x data/n6.txt && echo x; (cd data; $bb ls | $bb wc -l); cat data/n1.txt | $bb sed -n 1,2p | sort -r
                $bb sh -c 'cd data; sh -c "pwd; \\$bb pwd"; exec /bin/cat link' | sed -n 1,3p; exec 3>>w; echo three >&3; exec 3>&-; $bb tail -n 1 w
                END
                $bb sh own; (cd data; exec $bb pwd); cd data/deep; $bb sh -c 'pwd; cd ..; pwd; $bb ls -d er 2>/dev/null || echo none'; cd "$T"; $bb env -C data /bin/pwd 2>/dev/null || true
                """);
    }

    @Test
    void programsOfTheTreeAreStatic() {
        same("""
                cp $bb bin/busybox; cp $P/greet bin/quiet; cp $P/calls bin/calls
                bin/busybox echo ran; cd data; ../bin/busybox sh -c 'echo $0; ../bin/greet a; $T/bin/quiet b; ../bin/calls n1.txt'; cd ..
                bin/busybox readlink /proc/self/exe; PATH="$T/bin:$PATH" busybox sh -c 'quiet by path; greet by path; script by path'
                mv bin/busybox "$T/busybox-moved"; ./busybox-moved sh -c 'echo moved; ./bin/script x'; chmod 644 busybox-moved; ./busybox-moved true 2>&1 || echo $?
                printf '#!%s/bin/calls\\n' "$T" >data/n1; chmod 755 data/n1; echo "$(data/n1 | sed "s/read.*cwd //; s/: .*//")"
                printf '#!%s/bin/busybox-own sh\\necho "script $0 $*"; cat data/n2.txt | sed -n 1,1p; pwd\\n' "$T" >own; chmod 755 own; cp $bb bin/busybox-own; ./own 1 2; "$T/own" 3; $bb sh -c './own 4; cd data; ../own 5' 2>/dev/null
                """);
    }

    @Test
    void scriptsOfTheTreeRunFromAStaticShell() {
        same("""
                $bb sh -c 'bin/script one; "$T/bin/script" "a b" c; PATH="$T/bin:$PATH"; script by path; byenv two; cd data; ../bin/byenv three'
                $bb sh -c 'bin/linked; bin/greet x y; cd bin; ./greet z; exec ./shell -c "echo \\$0 exec; cat ../data/link | sed -n 1,1p"'
                $bb find data -name n1.txt -exec bin/script {} \\;; echo a b | $bb xargs bin/greet; $bb sh -c './missing' 2>/dev/null || echo $?; $bb sh -c 'data/n1.txt' 2>/dev/null || echo $?
                """);
    }

    @Test
    void anEmptyEnvironmentKeepsTheView() {
        same("""
                env -i $bb cat "$T/data/n1.txt" | sed -n 1,1p; $bb env -i /bin/cat data/n2.txt | sed -n 1,1p; $bb env -i $bb head -n 1 "$T/data/n3.txt"
                $bb env -i "$T/bin/greet" x; $bb env -i /bin/bash -c 'cd data; pwd; head -n 1 n4.txt; echo new >made; ls made; mv made other; cat other'
                $bb env -u LD_PRELOAD -u VELO_SHIM_SESSION perl -e 'print -s "data/zeros", "\\n"; opendir my $d, "data"; print scalar(readdir $d) ne "", "\\n"; system "$ENV{bb} pwd"'
                """);
    }

    @Test
    void callsWithoutACLibraryAreServed() {
        same(
                "$P/calls data/n1.txt; cd data; $P/calls \"$T/data/link\"; $bb sh -c '$P/calls n2.txt'; $P/calls missing || echo $?");
    }

    @Test
    void musl() {
        Host.needsTool("musl-gcc");
        same("""
                musl-gcc -std=gnu11 -O1 -static -o "$H/greet" -x c - <<'C'
                #include <dirent.h>
                #include <stdio.h>
                #include <sys/stat.h>
                #include <unistd.h>
                int main(int argc, char **argv) {
                    char here[4096];
                    struct stat s;
                    int count = 0;
                    DIR *all = opendir(argv[1]);
                    while (all && readdir(all)) count++;
                    FILE *f = fopen("n1.txt", "re");
                    printf("%d %d %d %s\\n", argc, count, f != NULL, chdir(argv[1]) == 0 && getcwd(here, sizeof here) ? here : "?");
                    f = fopen("n1.txt", "r+e");
                    printf("%d %d\\n", f && fputs("changed", f) >= 0 && fclose(f) == 0, stat("n1.txt", &s) == 0 ? (int)s.st_size : -1);
                    return 0;
                }
                C
                "$H/greet" data; head -n 1 data/n1.txt; cp "$H/greet" bin/own; bin/own "$T/data"
                """);
    }

    /** The runtime of Go makes its own system calls, and interrupts its threads by signals. */
    @Test
    void go() {
        Host.needsTool("go");
        same("""
                export HOME="$H" GOCACHE="$H/cache" CGO_ENABLED=0 GO111MODULE=off
                go build -o "$H/walk" "%s/shim-static/walk.go"; "$H/walk" data; cat data/from-go; cp "$H/walk" bin/walk; "$T/bin/walk" "$T/data"
                """.formatted(Workspace.REPOSITORY.resolve("it/target/test-classes")));
    }

    @Test
    void statusesAndSignalsAreThePrograms() {
        same("""
                for s in 0 1 42 126 127 255; do $bb sh -c "test -d data && exit $s" || echo $?; done
                { for s in TERM KILL INT SEGV; do (exec $bb sh -c "test -d data && kill -$s \\$\\$; sleep 5") || echo $?; done; } 2>/dev/null
                $bb sh -c 'trap "cat data/n1.txt | sed -n 1,1p; exit 9" TERM; kill -TERM $$; sleep 5' || echo $?
                $bb timeout 1 $bb sh -c 'cd data; while :; do cat n1.txt >/dev/null; done' || echo $?; $bb nosuchapplet 2>/dev/null || echo $?
                """);
    }

    @Test
    void interruptsReachASupervisedProgram() {
        Command.Running running = tree.run(
                        programs.resolve("busybox").toString(),
                        "sh",
                        "-c",
                        "trap 'head -n 1 /vrift/data/n2.txt; exit 7' INT; echo ready; while :; do sleep 0.1; done")
                .start();
        Outcome outcome = running.says("ready").signal("INT").await().exits(7);
        assertThat(outcome.out()).isEqualTo("ready\n2\n");
    }

    /** Those that are left go on. */
    @Test
    void killedProcessesLeaveTheOthersTheTree() {
        Outcome outcome = shown("""
                for round in 1 2 3 4 5; do
                  started=()
                  for i in 1 2 3 4; do
                    $bb sh -c 'cd data; while :; do $bb cp n1.txt k'$i'; $bb mv k'$i' l'$i'; cd ..; cd data; ./n6.txt 2>/dev/null; done' 2>/dev/null &
                    started+=($!)
                  done
                  sleep 0.2
                  for process in "${started[@]}"; do kill -9 "$process"; done
                  wait || true
                  timeout 10 $bb sh -c 'cmp data/n1.txt data/twin.txt && $bb mkdir d && $bb mv d e && $bb rmdir e && echo fine'
                done 2>"$H/err"
                """).within(Duration.ofSeconds(60)).run();
        outcome.prints("fine\n".repeat(5));
    }

    @Test
    void twentyAtOnce() {
        same("""
                mkdir out; started=()
                for i in $(seq 20); do
                  $bb sh -c 'for k in 1 2 3 4 5; do $bb cat data/n'$i'.txt >out/'$i'; (cd out; $bb mv '$i' x'$i'; $bb mv x'$i' '$i'); done; echo '$i' >>log; bin/greet '$i' >/dev/null' &
                  started+=($!)
                done
                for process in "${started[@]}"; do wait "$process"; done
                sort -n log | uniq -c; ls out | wc -l; cat out/{1..20} | sha256sum
                """);
    }

    /** An ordinary user's supervisor may not look into it: what it asks is refused, and said. Root's may. */
    @Test
    void whoShowsNobodyWhatHeDoes() {
        Path host = tree.work().dir("closed");
        tree.work().sh(host, """
                gcc -O1 -static -o closed -x c - <<'C'
                #include <fcntl.h>
                #include <stdio.h>
                #include <sys/prctl.h>
                #include <sys/socket.h>
                #include <sys/stat.h>
                int main(int argc, char **argv) {
                    struct sockaddr_storage name;
                    socklen_t length = sizeof name;
                    int fd = open(argv[argc - 1], O_RDWR | O_CREAT, 0600), one = socket(AF_UNIX, SOCK_STREAM, 0);
                    prctl(PR_SET_DUMPABLE, 0);
                    printf("%d %d %d %d\\n", fchmod(fd, 0640), open("/vrift/data/n1.txt", O_RDONLY) >= 0, fchmod(fd, 0640), getsockname(one, (struct sockaddr *)&name, &length));
                    return 0;
                }
                C
                """);
        Outcome outcome = shown("\"%1$s/closed\" data/n2.txt; stat -c %%a data/n2.txt".formatted(host))
                .run()
                .succeeds();
        assertThat(outcome.out()).isEqualTo(Host.isRoot() ? "0 1 0 0\n640\n" : "-1 0 -1 0\n644\n");
        String said = ": it shows nobody its memory (prctl, PR_SET_DUMPABLE); run it with --isolate\n";
        if (Host.isRoot()) {
            assertThat(outcome.err()).isEmpty();
        } else {
            assertThat(outcome.err())
                    .startsWith("velo: cannot answer process ")
                    .endsWith(said)
                    .containsOnlyOnce(said);
        }
    }

    /** Owners are numbers of the namespace that a process is in; what it makes of them is the tree's. */
    @Test
    void userNamespaces() {
        Host.needsOrdinaryUser("root's store is closed to root of a namespace");
        List<String> trial = List.of("unshare", "-U", "--map-user=1000", "--map-group=1000", "true");
        Assumptions.assumeTrue(
                tree.work().command(trial).tryRun(), "needs unshare(1) that can make user namespaces here");
        same("""
                $bb stat -c '%u %g' data/n1.txt | sed "s/$(id -u)/own/g; s/$(id -g)/own/g"
                unshare -U --map-user=1000 --map-group=1000 $bb stat -c '%u %g' data/n1.txt; unshare -U $bb stat -c %u data/n1.txt; unshare -U stat -c %u data/n1.txt
                unshare -U --map-user=1000 --map-group=1000 $bb chown 1000:1000 data/n1.txt; unshare -U --map-user=1000 --map-group=1000 $bb chown 9 data/n1.txt 2>&1 || echo $?
                $bb unshare -Ur $bb stat -c '%u %g' data/n1.txt; unshare -Ur $bb sh -c 'cd data; $bb touch made; $bb stat -c "%u %g" made'
                """);
    }

    /** The one process traces the other, which so cannot be led into the tree. */
    @Test
    void whoIsTracedIsTold() {
        Path host = tree.work().dir("traced");
        tree.work().sh(host, """
                gcc -std=gnu11 -O1 -static -o traced -x c - <<'C'
                #include <errno.h>
                #include <stdio.h>
                #include <string.h>
                #include <sys/ptrace.h>
                #include <sys/wait.h>
                #include <unistd.h>
                int main(void) {
                    pid_t child = fork();
                    if (child == 0) {
                        ptrace(PTRACE_TRACEME, 0, 0, 0);
                        int first = chdir("/vrift/data") < 0 ? errno : 0, second = chdir("/vrift/data") < 0 ? errno : 0;
                        printf("%s, %s\\n", strerror(first), strerror(second));
                        return 0;
                    }
                    return waitpid(child, NULL, 0) == child ? 0 : 1;
                }
                C
                """);
        Outcome outcome = tree.run(host.resolve("traced").toString()).run();
        assertThat(outcome.succeeds().out()).isEqualTo("Permission denied, Permission denied\n");
        assertThat(outcome.err())
                .containsOnlyOnce("velo: cannot answer process ")
                .endsWith(": another process traces it, so it cannot be led into the tree; run it with --isolate\n");
    }

    /** What would go without the tree does not go at all. */
    @Test
    void whatCannotReachTheRunIsNotExecuted() {
        Host.needsRoot("a process gets another root, and mounts of its own");
        Path root = tree.work().dir("root");
        tree.work().sh(root, "mkdir bin; cp \"$1/busybox\" bin", programs);
        String store = tree.work().store().toString();
        for (String way : List.of(
                "chroot \"%s\" /bin/busybox echo ran".formatted(root),
                "unshare -m sh -c 'mount -t tmpfs none \"$1\" && \"$2\" echo ran' sh \"%s\" $bb".formatted(store),
                "unshare -m sh -c 'mount -t tmpfs none \"$1\" && exec /bin/echo ran' sh \"%s\""
                        .formatted(Workspace.HOME))) {
            Outcome outcome = shown(way).run().exits(126);
            assertThat(outcome.out()).as(way).isEmpty();
            assertThat(outcome.err()).contains("cannot be reached from here").contains("run it with --isolate");
        }
        shown(
                        "chroot / $bb head -n 1 data/n1.txt /vrift/data/n1.txt 2>/dev/null || chroot / $bb head -n 1 /vrift/data/n1.txt")
                .run()
                .succeeds();
    }

    /** What hands the program over to the supervisor needs some descriptors, which the program need not be allowed. */
    @Test
    void aLowLimitOfDescriptors() {
        same("(ulimit -Sn 4; $bb head -n 1 data/n1.txt; $bb sh -c 'ulimit -Sn')");
    }

    /** What a link of the tree leads to on the host is asked for by the supervisor, with no other rights than the process has left. */
    @Test
    void whoGivesUpRightsHasThemNoMore() {
        Host.needsRoot("a process becomes another user");
        Path program = tree.work().dir("rights").resolve("rights");
        tree.work().sh(program.getParent(), """
                gcc -std=gnu11 -O1 -static -o rights -x c - <<'C'
                #include <errno.h>
                #include <fcntl.h>
                #include <grp.h>
                #include <stdio.h>
                #include <stdlib.h>
                #include <string.h>
                #include <sys/socket.h>
                #include <sys/stat.h>
                #include <sys/un.h>
                #include <sys/wait.h>
                #include <unistd.h>
                static void ask(void) {
                    struct sockaddr_un to = {AF_UNIX, "/vrift/to-socket"};
                    int file = open("/vrift/to-file", O_RDONLY), opened = file < 0 ? errno : 0;
                    int one = socket(AF_UNIX, SOCK_STREAM, 0), connected = connect(one, (struct sockaddr *)&to, sizeof to) < 0 ? errno : 0;
                    printf("%s, %s\\n", strerror(opened), strerror(connected));
                }
                int main(void) {
                    char place[] = "/tmp/velo-it-XXXXXX";
                    struct sockaddr_un name = {AF_UNIX, ""};
                    int listening = socket(AF_UNIX, SOCK_STREAM, 0), file;
                    setbuf(stdout, NULL);
                    if (mkdtemp(place) == NULL || chmod(place, 0755) != 0) return 2;
                    sprintf(name.sun_path, "%s/socket", place);
                    if (bind(listening, (struct sockaddr *)&name, sizeof name) != 0 || listen(listening, 9) != 0) return 3;
                    if (chmod(name.sun_path, 0600) != 0 || symlink(name.sun_path, "/vrift/to-socket") != 0) return 4;
                    sprintf(strrchr(name.sun_path, '/'), "/file");
                    file = open(name.sun_path, O_CREAT | O_RDWR, 0600);
                    if (file < 0 || fchown(file, 0, 4) != 0 || fchmod(file, 0640) != 0 || symlink(name.sun_path, "/vrift/to-file") != 0) return 5;
                    ask();
                    if (fork() == 0) {
                        if (setgroups(0, NULL) != 0 || setresgid(12345, 12345, 12345) != 0 || setresuid(12345, 12345, 12345) != 0) return 6;
                        ask();
                        return 0;
                    }
                    wait(NULL);
                    unlink(name.sun_path);
                    sprintf(strrchr(name.sun_path, '/'), "/socket");
                    return unlink(name.sun_path) == 0 && rmdir(place) == 0 ? 0 : 7;
                }
                C
                """);
        List<String> argv = new ArrayList<>(List.of("setpriv", "--regid", "0", "--groups", "4"));
        argv.addAll(tree.run(program.toString()).argv());
        tree.work().command(argv).run().prints("Success, Success\nPermission denied, Permission denied\n");
    }

    /** It sees the tree and gets no further rights: the supervisor answers for it. */
    @Test
    void setUserIdPrograms() {
        Host.needsRoot("a program is given to another user");
        Path open = tree.work().dir("open");
        tree.work()
                .sh(
                        open,
                        "cp /bin/cat cat; cp \"$1/busybox\" busybox; chown 12345 cat busybox; chmod 4755 cat busybox; chmod 755 .",
                        programs);
        tree.work().sh(open, "test $(./busybox id -u) = 12345");
        shown(
                        "\"%1$s/cat\" data/n1.txt | sed -n 1,1p; \"%1$s/busybox\" id -u; \"%1$s/busybox\" head -n 1 /vrift/data/n2.txt"
                                .formatted(open))
                .run()
                .prints("1\n0\n2\n");
    }
}
