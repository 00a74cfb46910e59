package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Processes of root's run that become other users. What they do in the tree gives what it gives on a disk: the store and the session stay closed to
 * everybody else, and the session's door leads processes of the run alone to what is behind.
 */
class ShimUsersIT {
    private static final Path SOURCES = Workspace.REPOSITORY.resolve("it/target/test-classes/shim-users");
    private static final String OTHER = "setpriv --reuid=65534 --regid=65534 --clear-groups";

    /** Others may not execute what only root has installed for himself. */
    private static final Path PYTHON = Path.of("/usr/bin/python3");

    @RegisterExtension
    static final Shown tree = new Shown();

    /** For what changes the store. */
    @RegisterExtension
    static final Workspace other = new Workspace();

    private static Path programs;

    @BeforeAll
    static void build() {
        Host.needsRoot("processes become other users");
        Host.needsTool("busybox");
        programs = tree.work().dir("programs");
        tree.work().sh(programs, """
                gcc -std=gnu11 -Wall -Wextra -Werror -O1 -o dynamic "$1/users.c"
                gcc -std=gnu11 -Wall -Wextra -Werror -O1 -static -o static "$1/users.c"
                gcc -std=gnu11 -Wall -Wextra -Werror -O1 -pthread -o tables "$1/tables.c"
                gcc -std=gnu11 -Wall -Wextra -Werror -O1 -o apart-dynamic "$1/apart.c"
                gcc -std=gnu11 -Wall -Wextra -Werror -O1 -static -o apart-static "$1/apart.c"
                cp "$(readlink -f "$(command -v busybox)")" busybox
                cp "$1/knock.py" .; chmod 644 knock.py; chmod 711 . ..
                """, SOURCES);
    }

    /** {@code as} is another user's, and {@code bb} a static shell; the copy on the disk can be reached by everybody, as /vrift can. */
    private static String prepared(String script) {
        return "umask 022; chmod 755 \"$T\" \"$H\"; bb=%s/busybox; as() { %s \"$@\"; }\n%s"
                .formatted(programs, OTHER, script);
    }

    private static Outcome same(String script) {
        return tree.same(prepared(script));
    }

    private static Outcome shown(String script) {
        return tree.shown(tree.work().dir("host"), prepared(script)).run();
    }

    /** A thousand calls of one process, of four users, and what is there after each. */
    @ParameterizedTest
    @ValueSource(strings = {"dynamic", "static"})
    void oneProcessBecomesOthers(String program) {
        Outcome both = same("""
                mkdir place; mv data/n5.txt rw; mv data/n6.txt ro; mv data/n7.txt secret; ln -s rw link; chmod 666 rw; chmod 644 ro; chmod 600 secret
                %s/%s "$T"
                """.formatted(programs, program));
        assertThat(both.out().lines()).hasSizeGreaterThan(1000).anyMatch(line -> line.contains("EACCES"));
    }

    /** All capabilities in a user namespace, which are worth nothing for root's files. */
    @ParameterizedTest
    @ValueSource(strings = {"dynamic", "static"})
    void userNamespacesGiveNoRights(String program) {
        Outcome both = same("""
                mkdir closed; echo x >closed/file; mv data/n7.txt secret; mv data/n6.txt rw; chmod 600 secret; chmod 644 rw
                %s/apart-%s "$T"; stat -c '%%n %%a %%u %%s' rw secret closed/*
                """.formatted(programs, program));
        assertThat(both.out()).contains("refused").contains("enter: done");
    }

    /** What the door gives is found in the table of the thread that has asked. */
    @Test
    void threadsHaveTheirOwnDescriptors() {
        Outcome both =
                same("mkdir open; chmod 777 open; %s/tables \"$T\"; stat -c '%%n %%a %%u' open/*".formatted(programs));
        assertThat(both.out().lines().filter(line -> line.equals("read: done"))).hasSize(2);
    }

    @Test
    void programsRunAsAnotherUser() {
        same("""
                mkdir open; chmod 777 open; printf '#!/bin/sh\\necho script; id -u; head -n 1 "$T/data/n2.txt"; echo by script >"$T/open/script"\\n' >script
                cp /usr/bin/id identity; mkdir own; cp "$bb" own/busybox; chmod 755 script identity own own/busybox; chmod 600 data/n3.txt; chmod 666 data/n4.txt
                as cat data/n1.txt; as cat data/n3.txt 2>&1 || echo $?; as "$T/script"; as ./identity -u; as own/busybox id -u; as "$bb" head -n 1 "$T/data/n2.txt"
                as sh -c 'cd open && echo made >file && mkdir d && mkfifo p && ln -s x l && ls -lAn | tail -n +2 | cut -c 1-30 && pwd -P | sed "s,.*/,,"'
                as "$bb" sh -c 'cd open && echo made >second && ../own/busybox cat second && ls -n second | cut -c 1-30; echo no >"$T/new" || echo $?' 2>&1 | sed 's/.*: //'
                as sh -c 'echo more >>data/n4.txt; sed -i s/1/one/ data/n4.txt || echo $?' 2>&1 | sed 's/.*: //'; tail -n 1 data/n4.txt; stat -c '%u %g %a' data/n4.txt open/*
                su nobody -s /bin/sh -c 'id -un; cat "$T/open/file"; rm "$T/open/script"; touch "$T/open/by-su"'; ls open; stat -c %U open/by-su
                """);
    }

    @Test
    void pythonStartsProgramsAsAnotherUser() {
        same("""
                mkdir open; chmod 777 open; cat >start.py <<'P'
                import os, subprocess
                def say(*words, **more):
                    done = subprocess.run(words, user=65534, group=65534, extra_groups=[], capture_output=True, text=True, **more)
                    print(done.returncode, done.stdout, done.stderr.rpartition(": ")[2])
                tree = os.environ["T"]
                os.chmod(tree + "/data/n2.txt", 0o600)
                say("id", "-u")
                say("head", "-n", "2", tree + "/data/n1.txt")
                say("cat", tree + "/data/n2.txt")
                say("sh", "-c", "echo x >made; stat -c '%u %g %a' made", cwd=tree + "/open")
                os.setgroups([])
                os.setegid(65534)
                os.seteuid(65534)
                print(open(tree + "/data/n1.txt").readline(), sorted(os.listdir(tree + "/open")))
                P
                python3 start.py
                """);
    }

    @Test
    void librariesOfTheTreeAreFound() {
        same("""
                mkdir own own/lib own/bin; cd own; echo 'int answer(void) { return 42; }' | gcc -shared -fPIC -x c -o lib/libanswer.so -
                echo 'int answer(void) { return 43; }' | gcc -shared -fPIC -x c -o lib/libother.so -
                cat >main.c <<'C'
                #include <dlfcn.h>
                #include <stdio.h>
                int answer(void);
                int main(int count, char **words) {
                    void *other = count > 1 ? dlopen(words[1], RTLD_NOW) : NULL;
                    int (*second)(void) = other == NULL ? answer : (int (*)(void))dlsym(other, "answer");
                    return printf("%d %d\\\\n", answer(), second()) < 0;
                }
                C
                gcc -o bin/main main.c -Llib -lanswer -Wl,-rpath,'$ORIGIN/../lib'; gcc -o "$H/main" main.c -Llib -lanswer; chmod -R a+rX .
                as bin/main; as bin/main "$T/own/lib/libother.so"; as env LD_LIBRARY_PATH="$T/own/lib" "$H/main"
                """.replace("\\\\n", "\\n"));
    }

    /** Who asks for a copy takes nothing away from a file that he may not write. */
    @Test
    void theDoorCopiesAllOfAFile() {
        Outcome asked = shown("""
                chmod 600 data/n3.txt; size=$(stat -c %%s data/n3.txt); node=$(($(stat -c %%i data/n3.txt) - 1))
                as %s - "$VELO_SHIM_SESSION" $node <<'P'
                import hashlib, socket, struct, sys
                door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                door.connect(b"\\0velo-session-" + hashlib.sha256(sys.argv[1].encode()).hexdigest().encode())
                door.send(struct.pack("IIQ", 2, int(sys.argv[2]), 0))
                print(struct.unpack("qQ", door.recv(64))[0])
                P
                [ $size -gt 0 ] && [ "$(stat -c %%s data/n3.txt)" = $size ] && echo whole
                """.formatted(PYTHON));
        asked.succeeds();
        assertThat(asked.out()).isEqualTo("0\nwhole\n");
    }

    /** What they make and change is in the result, and nobody's rights keep it from there. */
    @Test
    void theResultHasWhatTheyMade() {
        Path manifest = other.ingest(other.tree("echo content >file; chmod 666 file; chmod 755 ."));
        Path output = other.dir("output").resolve("result.velo");
        String script = """
                cd /vrift; mkdir open; chmod 777 open
                %s sh -c 'echo made >open/file; chmod 000 open/file; echo changed >file; mkdir open/closed; echo in >open/closed/in; chmod 000 open/closed'
                """.formatted(OTHER);
        Path changes = output.resolveSibling("changes");
        other.velo(
                        "run",
                        "--manifest",
                        manifest.toString(),
                        "--output",
                        output.toString(),
                        "--changes",
                        changes.toString(),
                        "--",
                        "bash",
                        "-euc",
                        script)
                .run()
                .succeeds();
        assertThat(changes).content().contains("open/file", "open/closed/in");
        other.velo("cat", output.toString(), "open/closed/in").run().prints("in\n");
        other.velo("cat", output.toString(), "open/file").run().prints("made\n");
        other.velo("cat", output.toString(), "file").run().prints("changed\n");
        other.velo("verify").run().succeeds();
    }

    /** Other processes of the machine, root's own too, hear nothing; the same question is answered to a process of the run. */
    @Test
    void theDoorOpensToTheRunAlone() throws IOException {
        Path host = tree.work().dir("host");
        tree.work().sh(host, "mkfifo go");
        Assumptions.assumeTrue(Files.isExecutable(PYTHON), "needs the program " + PYTHON);
        String ask = "%s %s/knock.py ".formatted(PYTHON, programs);
        Command.Running run = tree.shown(host, prepared("""
                        for path in "$VELO_SHIM_SESSION/files/00000001" "$VELO_SHIM_SESSION/../x" /etc/shadow "$(dirname "$0")"; do
                            as %1$s "$VELO_SHIM_SESSION" "$path"
                        done
                        as %1$s "$VELO_SHIM_SESSION" "$VELO_SHIM_SESSION/dirs" 200
                        cat "$H/go"; echo .
                        """.formatted(ask)))
                .start()
                .says("answer 13 0\nanswer 13 0\nanswer 13 0\nanswer 0 1 0o40777\n");
        assertThat(run.outputSoFar())
                .isEqualTo("answer 0 1 0o40777\nanswer 13 0\nanswer 13 0\nanswer 13 0\nanswer 0 1 0o40777\n");
        Path session;
        try (Stream<Path> runs = Files.list(tree.work().store().resolve("leases"))) {
            session = runs.filter(each -> Files.exists(each.resolve("session")))
                    .findAny()
                    .orElseThrow();
        }
        for (String who : List.of("", OTHER + " ")) {
            tree.work()
                    .command(
                            List.of("bash", "-c", who + ask + "\"$1\" \"$1/files/00000001\"", "sh", session.toString()))
                    .run()
                    .prints("nothing\n");
        }
        tree.work().sh(host, "echo out >go");
        assertThat(run.await().succeeds().out()).endsWith("out\n.\n");
    }

    /** Where no door can be reached, or the library could not be loaded, nothing runs without the tree in silence. */
    @Test
    void whatCannotSeeTheTreeIsRefused() {
        assertThat(shown("unshare -n %s /bin/cat data/n1.txt || echo $?".formatted(OTHER))
                        .succeeds()
                        .out())
                .isEqualTo("125\n");
        Outcome divided =
                shown("setpriv --euid 65534 /bin/cat data/n1.txt || echo $?").succeeds();
        assertThat(divided.out()).isEqualTo("126\n");
        assertThat(divided.err()).contains("velo: cannot execute /bin/cat: real and effective user or group differ");
        shown("setpriv --ruid 65534 /bin/cat data/n1.txt | sed -n 1,1p").prints("1\n");
    }

    @Test
    void anInstallationThatOthersCannotReadIsNamed() {
        Path copy = tree.work().dir("closed");
        tree.work().sh(copy, "cp -a \"$1/.\" .; chmod 700 lib", Workspace.REPOSITORY.resolve("runner/target/velo"));
        List<String> argv = new ArrayList<>(tree.run("bash", "-c", OTHER + " /bin/cat /vrift/data/n1.txt || echo $?")
                .argv());
        argv.set(0, copy.resolve("bin/velo").toString());
        Outcome refused = tree.work().command(argv).run().succeeds();
        assertThat(refused.out()).isEqualTo("126\n");
        assertThat(refused.err())
                .contains(
                        "velo: cannot execute /bin/cat: user 65534 cannot read " + copy.resolve("lib/libvelo-shim.so"));
    }
}
