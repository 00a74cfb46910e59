package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Ways by which a program could reach the blobs behind the tree that it is shown, which many trees share. */
class ShimStoreIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private static final String REFUSED = "it is a static program, which would not see the tree";

    /** What begins all of these programs. b and a are one blob; what is written must come back in b alone. */
    private static final String PROGRAM = """
            import os, sys
            f = os.open('/vrift/b', os.O_RDONLY)
            n = str(f)
            def put(fd):
                os.write(fd, b'BB')
                for name, content in ('/vrift/b', 'BBllo'), ('/vrift/a', 'hello'):
                    assert open(name).read().strip() == content, (name, open(name).read())
            """;

    private String manifest() {
        return work.ingest(work.tree("echo hello >a; echo hello >b; mkdir d; echo deep >d/n"))
                .toString();
    }

    private Command run(String... command) {
        List<String> arguments = new ArrayList<>(List.of("run", "--manifest", manifest(), "--"));
        arguments.addAll(List.of(command));
        return work.velo(arguments.toArray(String[]::new));
    }

    /** Each blob's content, mode, owner, times and flags, where the file system has some. */
    private String blobs() {
        return work.sh(work.store(), """
                find cas/sha256 -type f | sort | while read -r blob; do
                    sha256sum "$blob"; stat -c '%a %u %g %h %y' "$blob"; lsattr "$blob" 2>/dev/null || true
                done
                """).out();
    }

    private Outcome leavesTheStore(Command command) {
        manifest();
        String before = blobs();
        assertThat(before).containsPattern(Pattern.compile("[0-9a-f]{64}"));
        Outcome outcome = command.run();
        assertThat(blobs()).as("blobs after %s", outcome).isEqualTo(before);
        work.velo("verify").run().succeeds();
        return outcome;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "put(os.open(n, os.O_RDWR, dir_fd=os.open('/proc/self/fd', 0)))",
                "put(os.open('fd/' + n, os.O_RDWR, dir_fd=os.open('/proc/self', 0)))",
                "put(os.open('self/fd/' + n, os.O_RDWR, dir_fd=os.open('/proc', 0)))",
                "put(os.open('../fd/' + n, os.O_RDWR, dir_fd=os.open('/proc/self/task', 0)))",
                "put(os.open(n, os.O_RDWR, dir_fd=os.open('/proc/self/task/%d/fd' % os.getpid(), 0)))",
                "put(os.open(n, os.O_RDWR, dir_fd=os.open('/proc/%d/fd' % os.getpid(), 0)))",
                "os.chdir('/proc/self/fd'); put(os.open(n, os.O_RDWR))",
                "os.chdir('/dev/fd'); put(os.open('./' + n, os.O_RDWR))",
                "os.chdir('/proc/self/fd'); put(os.open('../../self/fd/' + n, os.O_RDWR))",
                "os.symlink('/proc/self/fd/' + n, 'link'); put(os.open('link', os.O_RDWR))",
                "os.chdir('/proc/self/fd'); os.truncate(n, 1); assert open('/vrift/b').read() == 'h'",
                "os.chmod(n, 0o600, dir_fd=os.open('/proc/self/fd', 0)); assert os.stat('/vrift/b').st_mode & 0o777 == 0o600",
                "os.utime(n, (1, 1), dir_fd=os.open('/proc/self/fd', 0)); assert os.stat('/vrift/b').st_mtime == 1",
                "os.chdir('/proc/self/fd'); os.chown(n, os.getuid(), os.getgid())",
                "os.chdir('/proc/self/fd'); os.setxattr(n, 'user.x', b'1')",
                "os.chdir('/proc/self/fd'); s = os.stat(n); assert s.st_ino == os.stat('/vrift/b').st_ino"
            })
    void pathsOfProcLeadToTheTree(String act) {
        Host.needsTool("python3");
        leavesTheStore(run("python3", "-c", PROGRAM + act).in(work.dir("here"))).succeeds();
    }

    /** Which of several files of one blob it is, only a process knows of its own descriptors. */
    @Test
    void descriptorsOfOtherProcessesLeadToTheTree() {
        Host.needsTool("python3");
        leavesTheStore(run("python3", "-c", PROGRAM + """
                r, w = os.pipe()
                child = os.fork()
                if child == 0:
                    os.close(w); os.read(r, 1); os._exit(0)
                os.write(os.open('/proc/%d/fd/%s' % (child, n), os.O_RDWR), b'CC')
                assert sorted(open(p).read() for p in ('/vrift/a', '/vrift/b')) == ['CCllo\\n', 'hello\\n']
                """)).succeeds();
    }

    @Test
    void mappingsLeadToTheTree() {
        Host.needsTool("python3");
        Host.needsRoot("the kernel shows map_files to root alone");
        leavesTheStore(run("python3", "-c", PROGRAM + """
                import mmap
                m = mmap.mmap(f, 0, prot=mmap.PROT_READ)
                place = [l.split()[0] for l in open('/proc/self/maps') if l.rstrip().endswith(' /vrift/b')][0]
                place = '-'.join('%x' % int(x, 16) for x in place.split('-'))
                os.write(os.open('/proc/self/map_files/' + place, os.O_RDWR), b'CC')
                """)).succeeds();
    }

    @Test
    void flagsOfInodesAreNone() {
        Host.needsTool("chattr");
        Outcome outcome = leavesTheStore(run("chattr", "+d", "/vrift/a"));
        assertThat(outcome.exits(1).err()).contains("/vrift/a");
    }

    @Test
    void theTreeHasNoHandles() {
        Host.needsTool("python3");
        leavesTheStore(run("python3", "-c", PROGRAM + """
                import ctypes, errno
                handle = (ctypes.c_char * 136)(128); mount = ctypes.c_int()
                libc = ctypes.CDLL(None, use_errno=True)
                for at, path, flags in (-100, b'/vrift/a', 0), (f, b'', 0x1000):
                    assert libc.name_to_handle_at(at, path, handle, ctypes.byref(mount), flags) == -1
                    assert ctypes.get_errno() == errno.EOPNOTSUPP, ctypes.get_errno()
                """)).succeeds();
    }

    /** With all that a static program would do to the store, if it ran where nobody can supervise it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "busybox sh -c 'echo XX >/proc/self/fd/0' </vrift/a",
                "exec 3</vrift/a; echo more >>/vrift/a; busybox sh -c 'echo XX >/proc/self/fd/0' <&3",
                "busybox sh -c 'chmod 666 /proc/self/fd/1' 1</vrift/a",
                "cd /vrift/d; busybox touch ../../../../lost",
                "cd /vrift/d; printf '#!%s sh\\necho ran\\n' $(command -v busybox) >s; chmod 755 s; cd /; /vrift/d/s",
                "cp $(command -v busybox) /vrift/d; /vrift/d/busybox sh -c 'echo ran'"
            })
    void staticProgramsGetNothingOfTheTree(String act) {
        Host.needsTool("busybox");
        Path filter = work.program(work.dir("filter"), "older");
        List<String> unsupervised = new ArrayList<>(List.of(filter.toString(), "ENOSYS", "seccomp", "--"));
        unsupervised.addAll(run("sh", "-c", act).argv());
        Outcome outcome = leavesTheStore(work.command(unsupervised)).exits(126);
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err()).containsOnlyOnce(REFUSED).contains("run it with --isolate");
        assertThat(work.store().resolve("lost")).doesNotExist();
    }

    /** The same where there is a supervisor: they see what all others see. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "busybox sh -c 'echo XX >/proc/self/fd/0' </vrift/a; cat /vrift/a /vrift/b | XX,hello",
                "exec 3</vrift/a; echo more >>/vrift/a; busybox sh -c 'echo XX >/proc/self/fd/0' <&3; cat /vrift/b | hello",
                "busybox sh -c 'chmod 666 /proc/self/fd/1' 1</vrift/a; stat -c %a /vrift/a | 666",
                "cd /vrift/d; busybox ls ../; busybox readlink -f ../../../bin/.. | a,b,d,/usr",
                "cd /vrift/d; (echo '#!'$(command -v busybox) sh; echo echo ran) >s; chmod 755 s; cd /; /vrift/d/s | ran",
                "cp $(command -v busybox) /vrift/d; /vrift/d/busybox sh -c 'echo ran; echo XX >/vrift/b; cat /vrift/a' | ran,hello"
            })
    void supervisedProgramsLeaveTheStore(String act, String said) {
        Host.needsTool("busybox");
        Outcome outcome = leavesTheStore(run("sh", "-c", act)).succeeds();
        assertThat(outcome.out().strip().replace('\n', ',')).isEqualTo(said);
        assertThat(outcome.err()).doesNotContain(REFUSED);
    }

    @Test
    void staticProgramsRunOutside() {
        Host.needsTool("busybox");
        Outcome outcome = leavesTheStore(run("sh", "-c", "cat /vrift/a | busybox cat; busybox true </dev/null"));
        outcome.prints("hello\n");
    }

    /** A loader is static, too, but what it loads is not. */
    @Test
    void loadersRunInTheTree() {
        Host.needsTool("ldd");
        assertThat(leavesTheStore(run("sh", "-c", "cd /vrift/d; cat n; ldd $(command -v cat)"))
                        .succeeds()
                        .out())
                .startsWith("deep\n")
                .contains("libc");
    }

    /** The session is a sparse file: on a full file system a look at it must not end the program by SIGBUS. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "os.stat('/vrift')",
                "os.stat('/vrift/7')",
                "open('/vrift/7').read()",
                "os.listdir('/vrift')",
                "os.rename('/vrift/7', '/vrift/new')",
                "os.mkdir('/vrift/new')",
                "os.unlink('/vrift/7')",
                "os.symlink('x', '/vrift/new')",
                "os.chmod('/vrift/7', 0o600)"
            })
    void aFullFileSystemEndsNoProgram(String act) {
        Host.needsTool("python3");
        Host.needsRoot("a file system of its own is mounted");
        Outcome outcome = work.mounting("""
                        mount -t tmpfs -o size=60M none "$1"
                        export VR_THE_SOURCE="$1/store"
                        mkdir "$2/t"; cd "$2/t"; touch $(seq 100); cd ..
                        "$velo" ingest t --output t.velo >/dev/null
                        "$velo" run --manifest t.velo -- python3 -c "$3" "$1/fill" "$4"
                        """, work.dir("mount"), work.dir("work"), """
                        import errno, os, sys
                        size = 1 << 20
                        with open(sys.argv[1], 'wb', 0) as fill:
                            while size:
                                try: fill.write(b'x' * size)
                                except OSError: size //= 2
                        try: eval(sys.argv[2])
                        except OSError as e: assert e.errno == errno.ENOSPC, e
                        print('goes on')
                        """, act)
                .run();
        outcome.prints("goes on\n");
    }

    /** velo-session is static, and nothing of the tree is its concern. */
    @Test
    void aRunStartsAnotherOne() {
        String inner = manifest();
        run("sh", "-c", "\"$1\" run --manifest \"$2\" -- /bin/cat /vrift/a", "sh", Workspace.VELO.toString(), inner)
                .run()
                .prints("hello\n");
    }
}
