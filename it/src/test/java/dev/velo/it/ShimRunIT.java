package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A run without a sandbox, from the command line to its end: a program of the host as any other, but for the tree. */
class ShimRunIT {
    @RegisterExtension
    static final GreetingTree greeting = new GreetingTree();

    @Test
    void theTreeIsThereForTheProgramAlone() throws IOException {
        greeting.run("/bin/cat", "/vrift/hello.txt").run().prints("hello\n");
        greeting.run("/bin/sh", "-c", "cat /vrift/link; cat /vrift/dir/sub/deep; ls /vrift")
                .run()
                .prints("hello\ndeep\nbin\nbroken\ndata\ndir\nhello.txt\nlink\norphan\n");
        assertThat(Path.of("/vrift/hello.txt")).doesNotExist();
        greeting.nothingIsLeft();
    }

    @Test
    void theTreeIsTheCallers() {
        String ids = greeting.work()
                .sh(greeting.work().dir("here"), "echo $(id -u) $(id -g)")
                .line();
        greeting.run(
                        "/bin/sh",
                        "-c",
                        "stat -c '%u %g' /vrift /vrift/hello.txt; >/vrift/new; stat -c '%u %g' /vrift/new")
                .run()
                .prints((ids + "\n").repeat(3));
    }

    /** The session's memory is larger than this; what a process needs of it is not. */
    @ParameterizedTest
    @ValueSource(ints = {1_000_000, 200_000})
    void aLimitOfAddressSpaceLeavesRoomForTheProgram(int kibibytes) {
        greeting.run(
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
        String maps = greeting.run(
                        "/bin/sh",
                        "-c",
                        "cd /vrift; cp /bin/cat /bin/sleep .; ./cat /proc/self/maps /proc/self/smaps; (cd /proc; /vrift/cat self/maps; cd self; /vrift/cat smaps); "
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
                .noneMatch(line -> line.contains(greeting.work().store().toString()));
    }

    /** Velo's own programs are not served by the library: the tree of the run around them would be empty for them. */
    @Test
    void veloItselfRefusesPathsOfTheTreeItIsStartedIn() {
        String velo = Workspace.VELO.toString();
        Path out = greeting.work().dir("refused").resolve("m.velo");
        String ingest = "cd %s && exec " + velo + " ingest %s --output " + out;
        greeting.run("/bin/sh", "-c", ingest.formatted("/", "/vrift/dir")).run().refuses(1, "cannot use /vrift/dir: ");
        greeting.run("/bin/sh", "-c", ingest.formatted("/usr", "../vrift/bin/../dir"))
                .run()
                .refuses(1, "cannot use ../vrift");
        greeting.run("/bin/sh", "-c", ingest.formatted("/vrift/dir", "."))
                .run()
                .refuses(1, "cannot start in the current");
        greeting.run("/bin/sh", "-c", "cd /; exec " + velo + " run --manifest /vrift/data -- true")
                .run()
                .refuses(125, "cannot use /vrift/data: ");
        assertThat(out).doesNotExist();
        greeting.run("/bin/sh", "-c", "cp -r /vrift/dir " + out + ".d; " + ingest.formatted("/", out + ".d"))
                .run()
                .succeeds();
        assertThat(out).exists();
        String inner = velo + " run --manifest " + greeting.app() + " --workdir=/vrift/dir cat /vrift/dir/sub/deep";
        greeting.run("/bin/sh", "-c", "cd / && exec " + inner).run().prints("deep\n");
    }

    @Test
    void whatIsChangedEndsWithTheRun() throws IOException {
        greeting.run(
                        "/bin/sh",
                        "-c",
                        "echo more >>/vrift/hello.txt; echo new >/vrift/new; cat /vrift/hello.txt /vrift/new")
                .run()
                .prints("hello\nmore\nnew\n");
        greeting.run("/bin/cat", "/vrift/hello.txt").run().prints("hello\n");
        greeting.run("/bin/cat", "/vrift/new").run().exits(1);
        greeting.nothingIsLeft();
    }

    @Test
    void commandsAreFoundInTheTreeToo() {
        greeting.run("/vrift/bin/greet", "a b", "", "c").run().prints("greeted a b  c\n");
        greeting.run(List.of("--env", "PATH=/vrift/bin:/usr/bin:/bin"), "greet", "you")
                .run()
                .prints("greeted you\n");
        greeting.run(List.of("--workdir", "/vrift/bin"), "./greet").run().prints("greeted \n");
    }

    @Test
    void theWorkingDirectoryIsTheCallersOrOneOfTheTree() {
        Path here = greeting.work().dir("here");
        greeting.run("/bin/sh", "-c", "pwd; cat /vrift/hello.txt")
                .in(here)
                .run()
                .prints(here + "\nhello\n");
        greeting.run(List.of("--workdir", "/vrift/dir/sub"), "/bin/sh", "-c", "pwd; cat deep")
                .in(here)
                .run()
                .prints("/vrift/dir/sub\ndeep\n");
        greeting.run(List.of("--workdir", ".."), "/bin/sh", "-c", "pwd -P; cat /vrift/hello.txt")
                .in(here)
                .run()
                .prints(here.getParent() + "\nhello\n");
        greeting.run(List.of("--workdir", "/vrift/nowhere"), "/bin/pwd").run().refuses(125, "/vrift/nowhere");
    }

    @Test
    void theStreamsAreThePrograms() {
        byte[] bytes = new byte[3_000_000];
        new Random(1).nextBytes(bytes);
        Outcome outcome = greeting.run("/bin/cat", "/vrift/hello.txt", "-")
                .reading(bytes)
                .run()
                .succeeds();
        assertThat(Arrays.copyOf(outcome.stdout(), 6)).isEqualTo("hello\n".getBytes());
        assertThat(Arrays.copyOfRange(outcome.stdout(), 6, outcome.stdout().length))
                .isEqualTo(bytes);
        Outcome both = greeting.run("/bin/sh", "-c", "cat /vrift/hello.txt >&2; printf out")
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
        assertThat(greeting.work()
                        .sh(greeting.work().dir("here"), script, greeting.app())
                        .out())
                .isEqualTo("seven\nhello\n0027\n0\n1\n2\n3\n7\n");
    }

    @Test
    void theEnvironmentIsTheCallers() {
        greeting.run(List.of("--env", "SECOND=new", "--env", "THIRD=3"), "/bin/sh", "-c", """
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
        Path own = greeting.work().dir("own");
        greeting.work().sh(own, "echo 'int own_library = 1;' | gcc -shared -fPIC -x c -o libown.so -");
        String preload = own.resolve("libown.so").toString();
        String seen = greeting.run(
                        "/bin/sh", "-c", "cat /vrift/hello.txt; echo $LD_PRELOAD; grep -c libown /proc/self/maps")
                .with("LD_PRELOAD", preload)
                .run()
                .succeeds()
                .out();
        assertThat(seen).startsWith("hello\n" + preload + ":").contains("libvelo-shim");
        assertThat(seen.lines().toList().get(2)).isNotEqualTo("0");
    }
}
