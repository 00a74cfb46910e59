package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a program writes is taken in while it runs, by the resident process that planned it; and the result is what it is without that. */
class RunningSessionIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private Daemon daemon;
    private Path app;

    /** What begins all of these programs. blobs() are those of the store; put() writes a file that then has a fixed time. */
    private static final String PROGRAM = """
            import glob, hashlib, mmap, os, random, signal, subprocess, sys, time
            store, velo, daemon = os.environ['VR_THE_SOURCE'], sys.argv[1], int(sys.argv[2])
            def blobs():
                return {os.path.basename(os.path.dirname(p)) + os.path.basename(p) for p in glob.glob(store + '/cas/sha256/*/*')}
            def digest(content): return hashlib.sha256(content).hexdigest()
            def until(what, condition):
                end = time.time() + 30
                while not condition():
                    assert time.time() < end, what
                    time.sleep(0.05)
            def settle(path): os.utime(path, (1600000000, 1600000000))
            def put(path, content, mode='wb'):
                with open(path, mode) as f: f.write(content)
                settle(path)
            def stored(*contents):
                if daemon: until('blobs', lambda: {digest(c) for c in contents} <= blobs())
            def looked():
                time.sleep(1 if daemon else 0)
            os.chdir('/vrift')
            """;

    /** All that is in the tree is told, and has a fixed time. */
    private static final String END = """

            for at, directories, files in os.walk('/vrift'):
                for f in files:
                    p = os.path.join(at, f)
                    if not os.path.islink(p): print(os.path.relpath(p, '/vrift'), digest(open(p, 'rb').read()))
            for at, directories, files in os.walk('/vrift', topdown=False): settle(at)
            """;

    private static final Pattern LOOKED =
            Pattern.compile("(\\d+) files were looked at while it ran, (\\d+) blobs stored");

    @BeforeEach
    void prepare() {
        Host.needsTool("python3");
        app = work.ingest(work.tree(
                "echo old >old; echo other >other; mkdir d; echo deep >d/deep; touch -d @1600000000 $(find .)"));
        daemon = new Daemon(work);
    }

    @AfterEach
    void end() {
        daemon.close();
    }

    private Command run(Path output, boolean resident, String... options) {
        List<String> arguments = new ArrayList<>(List.of("run", "--manifest", app.toString()));
        if (output != null) {
            arguments.addAll(List.of("--output", output.toString()));
        }
        arguments.addAll(List.of(options));
        arguments.addAll(List.of("--", "python3", "-c"));
        return resident ? daemon.velo(arguments.toArray(String[]::new)) : work.velo(arguments.toArray(String[]::new));
    }

    private Outcome run(String program, Path output, boolean resident, String... options) {
        List<String> argv = new ArrayList<>(run(output, resident, options).argv());
        argv.addAll(List.of(PROGRAM + program + END, Workspace.VELO.toString()));
        argv.add(Long.toString(resident ? daemon.start().pid() : 0));
        Command command = work.command(argv);
        return (resident ? daemon.asked(command) : command).run().succeeds();
    }

    /** How many files and blobs the intake of the last session tells of. */
    private int[] told() {
        Daemon.until("the session is over", () -> LOOKED.matcher(daemon.log()).find());
        Matcher last = LOOKED.matcher(daemon.log());
        int[] told = {0, 0};
        while (last.find()) {
            told[0] = Integer.parseInt(last.group(1));
            told[1] = Integer.parseInt(last.group(2));
        }
        return told;
    }

    private void holds(Path output, String told) {
        Path exported = work.dir("exported").resolve("tree");
        work.velo("export", output.toString(), exported.toString()).run().succeeds();
        String files = work.sh(
                        exported,
                        "find . -type f -printf '%P\\n' | while read -r f; do echo \"$f\" $(sha256sum <\"$f\" | cut -c 1-64); done | sort")
                .out();
        assertThat(files).isEqualTo(String.join("\n", told.lines().sorted().toList()) + "\n");
        work.velo("verify").run().succeeds();
    }

    /** The same program with and without it: the same bytes; and what the program has seen at its end. */
    private void hasTheSameResult(String program) throws IOException {
        Path directory = work.dir("results");
        Path with = directory.resolve("with.velo");
        Path without = directory.resolve("without.velo");
        String told = run(program, with, true).out();
        holds(with, told);
        assertThat(run(program, without, false).out()).isEqualTo(told);
        assertThat(Files.readAllBytes(with)).isEqualTo(Files.readAllBytes(without));
    }

    @Test
    void blobsAreThereBeforeTheProgramEnds() throws IOException {
        hasTheSameResult("""
                contents = [b'%d ' % i * 5000 for i in range(500)]
                for i, c in enumerate(contents): put('d/%d' % i, c)
                stored(*contents)
                """);
        assertThat(told()).containsExactly(500, 500);
    }

    @Test
    void whatIsWrittenAgainIsTakenAgain() throws IOException {
        hasTheSameResult("""
                for f in 'twice', 'appended', 'cut', 'mapped', 'moved', 'gone', 'linked', 'replaced', 'same': put(f, (f + ' first ').encode() * 1000)
                put('old', b'more', 'ab')
                stored(b'twice first ' * 1000, b'same first ' * 1000, b'old\\nmore')
                put('twice', b'twice second' * 1000)
                put('appended', b'end', 'ab')
                os.truncate('cut', 100); settle('cut')
                with open('mapped', 'r+b') as f, mmap.mmap(f.fileno(), 0) as m: m[0:3] = b'MAP'
                settle('mapped')
                os.rename('moved', 'd/moved'); os.unlink('gone'); os.link('linked', 'd/linked')
                put('new', b'new'); os.rename('new', 'replaced')
                os.rename('d', 'e')
                """);
    }

    /** Every time is what it was, but for the change time; and every size. */
    @Test
    void whatIsWrittenAtAnyMomentIsSeen() throws IOException {
        Path output = work.dir("result").resolve("o.velo");
        String told = run("""
                random.seed(7)
                end = time.time() + 6
                while time.time() < end:
                    put('d/%d' % random.randrange(60), b'%020d' % random.randrange(10**9) * 2000)
                    time.sleep(random.random() * 0.02)
                put('d/0', b'%020d' % 4 * 2000)
                """, output, true).out();
        holds(output, told);
        assertThat(told()[0]).isPositive();
    }

    /** Large enough that it is being read when it is written: for hundreds of milliseconds. */
    @Test
    void whatIsWrittenWhileItIsReadIsNotBelieved() throws IOException {
        Path output = work.dir("result").resolve("o.velo");
        String told = run("""
                put('large', b'0' * (200 << 20))
                for i in range(12):
                    time.sleep(0.15 + 0.03 * i)
                    with open('large', 'r+b') as f: f.seek((i % 3) * (90 << 20)); f.write(b'%d' % (i % 10))
                """, output, true).out();
        holds(output, told);
    }

    /** A page that is dirty is written to without any sign: so as long as somebody has it mapped, nothing is believed. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "f.close()",
                "g = os.open('/proc/self/fd/%d' % f.fileno(), os.O_RDWR); f.close()",
                "child = os.fork(); f.close(); child or (time.sleep(1.2), m.__setitem__(slice(4, 6), b'ch'), os._exit(0))"
            })
    void whatIsMappedIsLeftToTheEnd(String act) throws IOException {
        Path output = work.dir("result").resolve("o.velo");
        String told = run("""
                put('mapped', b'before ' * 1000)
                put('control', b'control')
                f = open('mapped', 'r+b'); m = mmap.mmap(f.fileno(), 0); m[0:3] = b'one'
                %s
                # Told as closed, and not changed by that. No commit comes before the end, which would make the page clean.
                os.close(os.open('mapped', os.O_WRONLY))
                looked()
                m[0:3] = b'two'
                time.sleep(0.5)
                """.formatted(act), output, true).out();
        holds(output, told);
        assertThat(told()[0]).isPositive();
    }

    /** There a write through a mapping, to a page that was read through it before, moves no time. */
    @Test
    void inMemoryNothingIsBelieved() throws IOException {
        Path memory = Path.of("/dev/shm");
        Assumptions.assumeTrue(Files.isWritable(memory), "needs a writable /dev/shm");
        Path place = Files.createTempDirectory(memory, "velo-it-");
        try {
            String store = place.resolve("store").toString();
            Path manifest = work.dir("m").resolve("m.velo");
            Path output = work.dir("result").resolve("o.velo");
            Path exported = work.dir("exported").resolve("tree");
            String program = PROGRAM + """
                    put('mapped', b'before ' * 1000)
                    time.sleep(2)
                    with open('mapped', 'r+b') as f, mmap.mmap(f.fileno(), 0) as m: m[0:6] = b'after' + m[5:6]
                    """;
            work.velo(
                            "ingest",
                            work.tree("echo old >old").toString(),
                            "--output",
                            manifest.toString(),
                            "--store",
                            store)
                    .run()
                    .succeeds();
            String resident = Long.toString(daemon.start().pid());
            daemon.velo(
                            "run",
                            "--store",
                            store,
                            "--manifest",
                            manifest.toString(),
                            "--output",
                            output.toString(),
                            "--",
                            "python3",
                            "-c",
                            program,
                            Workspace.VELO.toString(),
                            resident)
                    .with("VR_THE_SOURCE", store)
                    .run()
                    .succeeds();
            work.velo("export", "--store", store, output.toString(), exported.toString())
                    .run()
                    .succeeds();
            assertThat(exported.resolve("mapped")).content().startsWith("aftere before");
        } finally {
            work.sh(memory, "rm -rf \"$1\"", place);
        }
    }

    @Test
    void aCollectionMeanwhileLosesNothing() throws IOException {
        hasTheSameResult("""
                contents = [b'%d ' % i * 100 for i in range(50)]
                for i, c in enumerate(contents): put('d/%d' % i, c)
                stored(*contents)
                environment = {k: v for k, v in os.environ.items() if k not in ('LD_PRELOAD', 'VELO_SHIM_SESSION')}
                environment['VELO_DAEMON'] = '0'
                subprocess.run([velo, 'gc', '--run', '--grace', '0s'], env=environment, cwd='/', check=True, stdout=subprocess.DEVNULL)
                if daemon: assert not {digest(c) for c in contents} & blobs()
                """);
        assertThat(told()[1]).isEqualTo(50);
    }

    @Test
    void aKilledResidentProcessLosesNothing() throws IOException {
        hasTheSameResult("""
                contents = [b'%d ' % i * 100 for i in range(50)]
                for i, c in enumerate(contents): put('d/%d' % i, c)
                stored(*contents)
                for i in range(50): put('e%d' % i, contents[i] + b'more')
                if daemon: time.sleep(0.3); os.kill(daemon, signal.SIGKILL)
                put('d/3', b'after'); put('d/new', b'new')
                """);
        work.velo("status").run().succeeds();
        assertThat(work.sh(work.store(), "ls leases").out()).isEmpty();
    }

    @Test
    void whatIsListedIsReadOnly() {
        Path changes = work.dir("changes").resolve("list");
        run("""
                for i in range(20): put('d/%d' % i, b'%d listed' % i)
                looked()
                assert not {digest(b'%d listed' % i) for i in range(20)} & blobs()
                """, null, true, "--changes", changes.toString());
        assertThat(told()).containsExactly(20, 0);
        assertThat(changes).content().contains("A /d/19\n");
    }

    /** Without a wish for the result, and without a resident process, nobody looks. */
    @Test
    void whoDoesNotAskIsNotLookedAt() {
        String nothing = "put('new', b'new'); time.sleep(0.6); assert not glob.glob(store + '/leases/run-*/digests')";
        run(nothing, null, true);
        run(nothing, work.dir("result").resolve("o.velo"), false);
        assertThat(daemon.log()).contains("run is planned").doesNotContain("looked at");
    }

    /** The program does not see that somebody reads its files. */
    @Test
    void theAccessTimeIsThePrograms() {
        run("""
                put('new', b'new'); put('other', b'control'); stored(b'new', b'control')
                assert os.stat('new').st_atime == 1600000000 == os.stat('other').st_atime
                """, work.dir("result").resolve("o.velo"), true);
        assertThat(told()).containsExactly(2, 2);
    }

    @Test
    void severalSessionsAtATime() throws Exception {
        Path directory = work.dir("results");
        String program = "for i in range(100): put('d/%d' % i, b'%s %d' % (NAME, i))\nstored(b'%s 99' % NAME)";
        List<Thread> threads = new ArrayList<>();
        List<String> told = new ArrayList<>();
        daemon.start();
        for (String name : List.of("a", "b", "c")) {
            Thread thread = new Thread(() -> {
                Path output = directory.resolve(name);
                String files =
                        run("NAME = b'" + name + "'\n" + program, output, true).out();
                synchronized (told) {
                    told.add(name + files);
                }
            });
            thread.start();
            threads.add(thread);
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(told).hasSize(3);
        for (String each : told) {
            holds(directory.resolve(each.substring(0, 1)), each.substring(1));
        }
    }
}
