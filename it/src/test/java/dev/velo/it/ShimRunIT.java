package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A run without a sandbox, from the command line to its end: a program of the host as any other, but for the tree. */
class ShimRunIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private static Path app;

    /** What is in it, no host has at /vrift. */
    private static synchronized Path app() {
        if (app == null || !Files.exists(app)) {
            app = work.ingest(work.tree("""
                    echo hello >hello.txt; echo data >data; mkdir -p dir/sub bin; echo deep >dir/sub/deep
                    printf '#!/bin/sh\\necho "greeted $*"\\n' >bin/greet; chmod 755 bin/greet; ln -s hello.txt link
                    printf '\\177ELFbroken' >broken; chmod 755 broken
                    printf '#!/no/such/interpreter\\n' >orphan; chmod 755 orphan
                    """));
        }
        return app;
    }

    private static Command run(List<String> options, String... command) {
        List<String> arguments = new ArrayList<>(List.of("run", "--manifest", app().toString()));
        arguments.addAll(options);
        arguments.add("--");
        arguments.addAll(List.of(command));
        return work.velo(arguments.toArray(String[]::new));
    }

    private static Command run(String... command) {
        return run(List.of(), command);
    }

    private static void nothingIsLeft() throws IOException {
        try (Stream<Path> leases = Files.list(work.store().resolve("leases"))) {
            assertThat(leases).as("what runs have left").isEmpty();
        }
    }

    @Test
    void theTreeIsThereForTheProgramAlone() throws IOException {
        run("/bin/cat", "/vrift/hello.txt").run().prints("hello\n");
        run("/bin/sh", "-c", "cat /vrift/link; cat /vrift/dir/sub/deep; ls /vrift")
                .run()
                .prints("hello\ndeep\nbin\nbroken\ndata\ndir\nhello.txt\nlink\norphan\n");
        assertThat(Path.of("/vrift/hello.txt")).doesNotExist();
        nothingIsLeft();
    }

    @Test
    void theTreeIsTheCallers() {
        String ids = work.sh(work.dir("here"), "echo $(id -u) $(id -g)").line();
        run("/bin/sh", "-c", "stat -c '%u %g' /vrift /vrift/hello.txt; >/vrift/new; stat -c '%u %g' /vrift/new")
                .run()
                .prints((ids + "\n").repeat(3));
    }

    /** The session's memory is larger than this; what a process needs of it is not. */
    @ParameterizedTest
    @ValueSource(ints = {1_000_000, 200_000})
    void aLimitOfAddressSpaceLeavesRoomForTheProgram(int kibibytes) {
        run(
                        "/bin/sh",
                        "-c",
                        "ulimit -v " + kibibytes + "; cat /vrift/hello.txt; cd /vrift/dir; "
                                + "for i in 1 2 3; do mkdir d$i; cp ../data d$i/x; mv d$i e$i; done; cat e*/x; rm -r e2; ls")
                .run()
                .prints("hello\ndata\ndata\ndata\ne1\ne3\nsub\n");
    }

    /** Of the program itself and of another process: mapped files have the names that they were opened by, and the tree's inodes. */
    @Test
    void mapsTellPathsOfTheTree() {
        String maps = run(
                        "/bin/sh",
                        "-c",
                        "cd /vrift; cp /bin/cat /bin/sleep .; ./cat /proc/self/maps /proc/self/smaps; "
                                + "./sleep 20 & while ! grep sleep /proc/$!/maps 2>/dev/null; do :; done; kill $!; stat -c %i cat sleep")
                .run()
                .succeeds()
                .out();
        List<String> lines = maps.lines().toList();
        String cat = lines.get(lines.size() - 2);
        String sleep = lines.get(lines.size() - 1);
        assertThat(lines)
                .anyMatch(line -> line.matches("[0-9a-f]+-[0-9a-f]+ r-xp .* " + cat + " +/vrift/cat"))
                .anyMatch(line -> line.matches("[0-9a-f]+-[0-9a-f]+ r-xp .* " + sleep + " +/vrift/sleep"))
                .noneMatch(line -> line.contains(work.store().toString()));
    }

    /** Velo's own programs are not served by the library: the tree of the run around them would be empty for them. */
    @Test
    void veloItselfRefusesPathsOfTheTreeItIsStartedIn() {
        String velo = Workspace.VELO.toString();
        Path out = work.dir("refused").resolve("m.velo");
        String ingest = "cd %s && exec " + velo + " ingest %s --output " + out;
        run("/bin/sh", "-c", ingest.formatted("/", "/vrift/dir")).run().refuses(1, "cannot use /vrift/dir: ");
        run("/bin/sh", "-c", ingest.formatted("/usr", "../vrift/bin/../dir"))
                .run()
                .refuses(1, "cannot use ../vrift");
        run("/bin/sh", "-c", ingest.formatted("/vrift/dir", ".")).run().refuses(1, "cannot start in the current");
        run("/bin/sh", "-c", "cd /; exec " + velo + " run --manifest /vrift/data -- true")
                .run()
                .refuses(125, "cannot use /vrift/data: ");
        assertThat(out).doesNotExist();
        run("/bin/sh", "-c", "cp -r /vrift/dir " + out + ".d; " + ingest.formatted("/", out + ".d"))
                .run()
                .succeeds();
        assertThat(out).exists();
        String inner = velo + " run --manifest " + app() + " --workdir=/vrift/dir cat /vrift/dir/sub/deep";
        run("/bin/sh", "-c", "cd / && exec " + inner).run().prints("deep\n");
    }

    @Test
    void whatIsChangedEndsWithTheRun() throws IOException {
        run("/bin/sh", "-c", "echo more >>/vrift/hello.txt; echo new >/vrift/new; cat /vrift/hello.txt /vrift/new")
                .run()
                .prints("hello\nmore\nnew\n");
        run("/bin/cat", "/vrift/hello.txt").run().prints("hello\n");
        run("/bin/cat", "/vrift/new").run().exits(1);
        nothingIsLeft();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 42, 124, 125, 126, 127, 255})
    void theExitStatusIsThePrograms(int status) {
        run("/bin/sh", "-c", "test -f /vrift/hello.txt || exit 99; exit " + status)
                .run()
                .exits(status);
    }

    @ParameterizedTest
    @CsvSource({"TERM, 143", "KILL, 137", "INT, 130", "SEGV, 139", "PIPE, 141"})
    void deathBySignalIs128PlusItsNumber(String signal, int status) {
        run("/bin/sh", "-c", "test -f /vrift/hello.txt && kill -" + signal + " $$; sleep 5")
                .run()
                .exits(status);
    }

    @Test
    void aCommandThatIsNotThereIs127() throws IOException {
        run("/vrift/frobnicate").run().refuses(127, "/vrift/frobnicate");
        run("/bin/frobnicate").run().refuses(127, "/bin/frobnicate");
        run("frobnicate").run().refuses(127, "frobnicate");
        run("/vrift/orphan").run().refuses(127, "/vrift/orphan");
        nothingIsLeft();
    }

    @Test
    void aCommandThatCannotBeExecutedIs126() throws IOException {
        run("/vrift/data").run().refuses(126, "/vrift/data");
        run("/vrift/dir").run().refuses(126, "/vrift/dir");
        run("/vrift/broken").run().refuses(126, "/vrift/broken");
        nothingIsLeft();
    }

    @Test
    void commandsAreFoundInTheTreeToo() {
        run("/vrift/bin/greet", "a b", "", "c").run().prints("greeted a b  c\n");
        run(List.of("--env", "PATH=/vrift/bin:/usr/bin:/bin"), "greet", "you")
                .run()
                .prints("greeted you\n");
        run(List.of("--workdir", "/vrift/bin"), "./greet").run().prints("greeted \n");
    }

    @Test
    void theWorkingDirectoryIsTheCallersOrOneOfTheTree() {
        Path here = work.dir("here");
        run("/bin/sh", "-c", "pwd; cat /vrift/hello.txt").in(here).run().prints(here + "\nhello\n");
        run(List.of("--workdir", "/vrift/dir/sub"), "/bin/sh", "-c", "pwd; cat deep")
                .in(here)
                .run()
                .prints("/vrift/dir/sub\ndeep\n");
        run(List.of("--workdir", ".."), "/bin/sh", "-c", "pwd -P; cat /vrift/hello.txt")
                .in(here)
                .run()
                .prints(here.getParent() + "\nhello\n");
        run(List.of("--workdir", "/vrift/nowhere"), "/bin/pwd").run().refuses(125, "/vrift/nowhere");
    }

    @Test
    void theStreamsAreThePrograms() {
        byte[] bytes = new byte[3_000_000];
        new Random(1).nextBytes(bytes);
        Outcome outcome =
                run("/bin/cat", "/vrift/hello.txt", "-").reading(bytes).run().succeeds();
        assertThat(Arrays.copyOf(outcome.stdout(), 6)).isEqualTo("hello\n".getBytes());
        assertThat(Arrays.copyOfRange(outcome.stdout(), 6, outcome.stdout().length))
                .isEqualTo(bytes);
        Outcome both = run("/bin/sh", "-c", "cat /vrift/hello.txt >&2; printf out")
                .run()
                .succeeds();
        assertThat(both.out()).isEqualTo("out");
        assertThat(both.err()).isEqualTo("hello\n");
    }

    @Test
    void whatTheCallerHasOpenedIsInherited() {
        String script = "exec 7<<<seven; umask 027; \"$velo\" run --manifest \"$1\" -- /bin/sh -c "
                + "'cat <&7; cat /vrift/hello.txt; umask; ls /proc/self/fd'";
        // ls has one for the directory that it reads.
        assertThat(work.sh(work.dir("here"), script, app()).out()).isEqualTo("seven\nhello\n0027\n0\n1\n2\n3\n7\n");
    }

    @Test
    void theEnvironmentIsTheCallers() {
        run(List.of("--env", "SECOND=new", "--env", "THIRD=3"), "/bin/sh", "-c", """
                cat /vrift/hello.txt; echo "$FIRST $SECOND $THIRD ${VELO_CALLER_DESCRIPTORS-none} $LC_ALL"
                """)
                .with("FIRST", "one")
                .with("SECOND", "old")
                .with("LC_ALL", "POSIX")
                .run()
                .prints("hello\none new 3 none POSIX\n");
    }

    @Test
    void librariesThatAreLoadedAlreadyStayInFront() {
        Host.needsTool("gcc");
        Path own = work.dir("own");
        work.sh(own, "echo 'int own_library = 1;' | gcc -shared -fPIC -x c -o libown.so -");
        String preload = own.resolve("libown.so").toString();
        String seen = run("/bin/sh", "-c", "cat /vrift/hello.txt; echo $LD_PRELOAD; grep -c libown /proc/self/maps")
                .with("LD_PRELOAD", preload)
                .run()
                .succeeds()
                .out();
        assertThat(seen).startsWith("hello\n" + preload + ":").contains("libvelo-shim");
        assertThat(seen.lines().toList().get(2)).isNotEqualTo("0");
    }

    @ParameterizedTest
    @ValueSource(strings = {"TERM", "INT", "HUP", "USR1", "USR2", "QUIT"})
    void signalsReachTheProgram(String signal) {
        Outcome outcome = run(
                        "/bin/sh",
                        "-c",
                        "trap 'cat /vrift/hello.txt; exit 7' " + signal + "; echo ready; while :; do sleep 0.1; done")
                .start()
                .says("ready")
                .signal(signal)
                .await()
                .exits(7);
        assertThat(outcome.out()).isEqualTo("ready\nhello\n");
    }

    /** What a process of the run sends to its group was meant for that: the program has it from there. */
    @Test
    void aSignalToTheOwnGroupArrivesOnce() {
        work.sh(work.dir("here"), """
                setsid -w "$velo" run --manifest "$1" -- /bin/bash -c '
                    test -f /vrift/hello.txt; trap "echo got" USR1; kill -USR1 0; sleep 0.3; echo end' >out
                test "$(cat out)" = "got
                end"
                """, app());
    }

    @Test
    void itStopsAndGoesOnWithTheProgram() throws IOException {
        // As a job of a shell: in a group whose parent is in no other group of the session the kernel drops SIGTSTP.
        Path number = work.dir("number").resolve("number");
        List<String> job = new ArrayList<>(
                List.of("bash", "-c", "set -m; \"$@\" & echo $! >\"$0\"; wait -f $!", number.toString()));
        job.addAll(run("/bin/sh", "-c", "cat /vrift/hello.txt; read x <&0; sleep 1; echo end")
                .argv());
        Command.Running running = work.command(job).start().says("hello");
        String process = Files.readString(number).strip();
        work.sh(Path.of("/"), "kill -TSTP $1", process);
        Path status = Path.of("/proc/" + process + "/stat");
        for (int i = 0; i < 200 && !Files.readString(status).contains(") T "); i++) {
            Command.pause(10);
        }
        assertThat(Files.readString(status)).contains(") T ");
        work.sh(Path.of("/"), "kill -CONT $1", process);
        assertThat(running.await().succeeds().out()).isEqualTo("hello\nend\n");
    }

    @Test
    void whatTheProgramLeavesRunningEndsWithIt() throws IOException {
        run("/bin/sh", "-c", "cat /vrift/hello.txt; (setsid sleep 987653 &) ; sleep 987653 & echo started")
                .run()
                .prints("hello\nstarted\n");
        assertThat(work.sh(Path.of("/"), "pgrep -f '^sleep 987653$' || true").out())
                .isEmpty();
        nothingIsLeft();
    }

    @Test
    void theTimeLimitIs124() throws IOException {
        run(List.of("--timeout", "1s"), "/bin/sh", "-c", "cat /vrift/hello.txt; trap '' TERM; sleep 60; sleep 60")
                .run()
                .exits(124);
        run(List.of("--timeout", "60s"), "/bin/sh", "-c", "test -f /vrift/hello.txt && exit 3")
                .run()
                .exits(3);
        nothingIsLeft();
    }

    @Test
    void whatIsKilledIsRemovedByTheNextStart() throws Exception {
        Command.Running running = run("/bin/sh", "-c", "cat /vrift/hello.txt; exec sleep 987652")
                .start()
                .says("hello");
        running.signal("KILL").await();
        for (int i = 0; i < 200; i++) {
            if (work.sh(Path.of("/"), "pgrep -f '^sleep 987652$' || true").out().isEmpty()) {
                break;
            }
            Command.pause(10);
        }
        assertThat(work.sh(Path.of("/"), "pgrep -f '^sleep 987652$' || true").out())
                .isEmpty();
        work.velo("status", "--no-daemon").run().succeeds();
        nothingIsLeft();
    }

    @Test
    void theRecordSaysHowItEnded() throws IOException {
        Path file = work.dir("record").resolve("r.json");
        run(List.of("--result", file.toString()), "/bin/sh", "-c", "test -f /vrift/hello.txt && exit 5")
                .run()
                .exits(5);
        JsonObject record = record(file);
        assertThat(record.get("exit").getAsInt()).isEqualTo(5);
        assertThat(record.get("cause").getAsString()).isEqualTo("exit");
        assertThat(record.get("wall_us").getAsLong()).isPositive();
        run(List.of("--result", file.toString()), "/vrift/none").run().exits(127);
        record = record(file);
        assertThat(record.get("cause").getAsString()).isEqualTo("launch");
        assertThat(record.getAsJsonObject("failure").get("what").getAsString()).contains("/vrift/none");
        run(List.of("--result", file.toString(), "--timeout", "1s"), "/bin/sh", "-c", "ls /vrift; sleep 60")
                .run()
                .exits(124);
        record = record(file);
        assertThat(record.get("timeout").getAsBoolean()).isTrue();
        assertThat(record.getAsJsonObject("limits")
                        .getAsJsonObject("timeout")
                        .get("limit")
                        .getAsInt())
                .isEqualTo(1000);
    }

    private static JsonObject record(Path file) throws IOException {
        return JsonParser.parseString(Files.readString(file)).getAsJsonObject();
    }

    @Test
    void aLaterManifestWins() throws IOException {
        Path over = work.ingest(work.tree("echo over >hello.txt; mkdir dir; echo other >dir/other"));
        run(List.of("--manifest", over.toString()), "/bin/sh", "-c", "cat /vrift/hello.txt; ls /vrift/dir")
                .run()
                .prints("over\nother\nsub\n");
        List<String> below = List.of("--base", over.toString());
        run(below, "/bin/cat", "/vrift/hello.txt", "/vrift/dir/other").run().prints("hello\nother\n");
        nothingIsLeft();
    }

    /** Of a program that does all kinds of changes, and leaves everything with one time. */
    @Test
    void theResultIsThatOfTheSandbox() throws IOException {
        Path tree = work.ingest(work.tree("""
                mkdir -p app/keep app/gone/deeper app/moved app/again; cd app
                for f in keep/a keep/b gone/c gone/deeper/d moved/e again/f; do echo $f >$f; done
                ln -s keep/a link; ln -s x relinked; echo s >script; chmod 755 script; chmod 640 keep/b
                touch -h -d @1600000000 $(find .)
                """));
        String script = """
                set -e; cd $ROOT/app
                # The sandbox shows files as 0444, which a moved one keeps.
                chmod 644 keep/a moved/e; chmod 640 keep/b; echo more >>keep/a; echo new >keep/new; rm -r gone; mkdir made; echo x >made/x; ln keep/new made/hard
                mv moved renamed; rm -r again; mkdir again; echo g >again/g; rm relinked; ln -s y relinked
                chmod 700 script; rm link; mkdir link; echo inside >link/inside; mv keep/b b
                touch -h -d @1700000000 $(find . | sort)
                """;
        Path directory = work.dir("results");
        List<String> results = new ArrayList<>();
        for (String mode : List.of("sandbox", "session")) {
            Path output = directory.resolve(mode + ".velo");
            Path changes = directory.resolve(mode + ".txt");
            List<String> arguments =
                    new ArrayList<>(List.of("run", "--base", work.base().toString(), "--manifest"));
            arguments.add(tree.toString());
            arguments.addAll(List.of("--output", output.toString(), "--changes", changes.toString()));
            arguments.addAll(
                    mode.equals("sandbox") ? List.of("--isolate", "--env", "ROOT=") : List.of("--env", "ROOT=/vrift"));
            arguments.addAll(List.of("--", "/bin/sh", "-c", script));
            work.velo(arguments.toArray(String[]::new)).run().prints("");
            Path exported = directory.resolve(mode);
            work.velo("export", output.toString(), exported.toString()).run().succeeds();
            results.add(Files.readString(changes)
                    + work.sh(exported.resolve("app"), """
                            find . -printf '%P %y %m %l %T@\\n' | sort; find . -type f | sort | xargs sha256sum
                            """).out());
        }
        assertThat(results.get(0))
                .contains(
                        "A /app/made/hard\n",
                        "A /app/renamed/e\n",
                        "D /app/gone\n",
                        "T /app/link\n",
                        "M /app/keep/a\n");
        assertThat(results.get(1)).isEqualTo(results.get(0));
        nothingIsLeft();
    }

    @Test
    void changesAreListed() throws IOException {
        Path here = work.dir("here");
        run(
                        List.of("--changes", "list", "--output", "o.velo"),
                        "/bin/sh",
                        "-c",
                        "echo more >>/vrift/hello.txt; rm /vrift/dir/sub/deep; mkdir /vrift/new; : </vrift/data")
                .in(here)
                .run()
                .prints("");
        assertThat(Files.readString(here.resolve("list")).lines())
                .contains("M /hello.txt", "D /dir/sub/deep", "A /new")
                .noneMatch(line -> line.contains("data"));
        work.velo("cat", here.resolve("o.velo").toString(), "/hello.txt").run().prints("hello\nmore\n");
        // What no manifest can hold is refused as of a sandbox.
        run(List.of("--changes", "-"), "/bin/mkfifo", "/vrift/fifo").run().exits(125);
        // A program that never ran has changed nothing.
        assertThat(run(List.of("--output", "none.velo"), "/vrift/none")
                        .in(here)
                        .run()
                        .exits(127)
                        .err())
                .contains("cannot run /vrift/none");
        assertThat(here.resolve("none.velo")).doesNotExist();
        nothingIsLeft();
    }

    @Test
    void thePrefixIsTheCallers() {
        Path here = work.dir("here");
        run("/bin/cat", "/place/of/mine/hello.txt")
                .with("VRIFT_VFS_PREFIX", "//place/of/mine/")
                .run()
                .prints("hello\n");
        // As a mount would, it hides what is there, and whoever stands there stands in the tree.
        work.sh(here, "echo host >hello.txt; echo only >only");
        run("/bin/sh", "-c", "cat hello.txt; test -e only || echo hidden")
                .in(here)
                .with("VRIFT_VFS_PREFIX", here.toString())
                .run()
                .prints("hello\nhidden\n");
    }

    @ParameterizedTest
    @CsvSource({
        "relative, not absolute",
        "/, whole host",
        "//, whole host",
        "/a/../b, '. or ..'",
        "/a/./b, '. or ..'",
        "/etc/passwd, not a directory",
        "/proc/velo, kernel"
    })
    void aPrefixThatCannotBeOneIsRefused(String prefix, String reason) {
        run("/bin/true").with("VRIFT_VFS_PREFIX", prefix).run().refuses(125, "VRIFT_VFS_PREFIX", reason);
    }

    @Test
    void thePrefixIsNotInTheStoreNorAboveIt() throws IOException {
        for (Path prefix :
                List.of(work.store(), work.store().resolve("x/y"), work.store().getParent())) {
            run("/bin/true")
                    .with("VRIFT_VFS_PREFIX", prefix.toString())
                    .run()
                    .refuses(125, "VRIFT_VFS_PREFIX", "store");
        }
        Path link = Files.createSymbolicLink(work.dir("links").resolve("link"), work.store());
        run("/bin/true").with("VRIFT_VFS_PREFIX", link + "/below").run().refuses(125, "VRIFT_VFS_PREFIX", "store");
        nothingIsLeft();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--profile=hermetic",
                "--net=none",
                "--bind=/tmp:/x",
                "--hostname=h",
                "--uid=1",
                "--gid=1",
                "--placement=copy",
                "--tty",
                "--tenant=t",
                "--memory=1G",
                "--pids=9",
                "--cpus=1",
                "--disk=1G",
                "--file-size=1G",
                "--max-output=1M",
                "--limits=best-effort"
            })
    void whatTakesASandboxIsRefused(String option) {
        run(List.of(option), "/bin/true")
                .run()
                .refuses(125, option.replaceAll("=.*", "") + " without --isolate", "add --isolate");
    }

    @Test
    void aLibraryThatIsNotThereIsRefused() throws IOException {
        run("/bin/true")
                .with("VRIFT_SHIM_PATH", "/nowhere/libvelo-shim.so")
                .run()
                .refuses(125, "/nowhere/libvelo-shim.so", "VRIFT_SHIM_PATH");
        // The dynamic linker warns of what is no library, and goes on.
        Path none = Files.writeString(work.dir("none").resolve("libvelo-shim.so"), "none");
        Outcome outcome =
                run("/bin/true").with("VRIFT_SHIM_PATH", none.toString()).run().exits(125);
        assertThat(outcome.err()).contains("velo: cannot load " + none);
        String told = work.velo("doctor")
                .with("VRIFT_SHIM_PATH", none.toString())
                .run()
                .out();
        assertThat(told).containsPattern("preload-library +no .*" + none + ".*[(]shim-library[)]");
        assertThat(work.velo("doctor").run().out()).containsPattern("preload-library +yes");
        nothingIsLeft();
    }
}
