package dev.velo.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.velo.runner.CallerArguments;
import dev.velo.runner.DeclinedException;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Many callers in one process: each has a directory, an environment and streams of his own. */
class CommandLineSessionTest {
    private static final int CALLERS = 4;
    private static final int ROUNDS = 5;

    @TempDir
    Path temp;

    private Path home;

    @BeforeEach
    void ingested() throws Exception {
        home = directory("home", "hello");
        TestCaller caller = someone();
        assertThat(caller.run("ingest", "tree", "-o", "m.velo"))
                .as(caller.err())
                .isZero();
    }

    private TestCaller someone() {
        return new TestCaller(home).with("VR_THE_SOURCE", "store");
    }

    private Path directory(String name, String content) throws Exception {
        Path directory = Files.createDirectories(temp.resolve(name));
        Files.writeString(Files.createDirectories(directory.resolve("tree")).resolve("file"), content);
        return directory;
    }

    private static JsonObject json(TestCaller caller) {
        assertThat(caller.err()).isEmpty();
        return JsonParser.parseString(caller.out()).getAsJsonObject();
    }

    /** The same words of every caller, at the same time; what they mean is another thing for each. */
    private static Void work(Path directory, String store, String content, CyclicBarrier together) throws Exception {
        for (int round = 0; round < ROUNDS; round++) {
            String manifest = "m" + round + ".velo";
            together.await();
            TestCaller ingest = new TestCaller(directory).with("VR_THE_SOURCE", store);
            assertThat(ingest.run("ingest", "tree", "-o", manifest, "--json")).isZero();
            String digest = json(ingest).get("digest").getAsString();
            together.await();

            TestCaller inspect = new TestCaller(directory);
            assertThat(inspect.run("inspect", manifest, "file", "--json")).isZero();
            assertThat(json(inspect).get("size").getAsInt()).isEqualTo(content.length());
            TestCaller cat = new TestCaller(directory).with("VR_THE_SOURCE", store);
            assertThat(cat.run("cat", manifest, "file")).isZero();
            assertThat(cat.out()).isEqualTo(content);

            TestCaller status = new TestCaller(directory).with("VR_THE_SOURCE", store);
            assertThat(status.run("status", "--json")).isZero();
            assertThat(json(status).get("store").getAsString())
                    .isEqualTo(directory.resolve(store).toString());

            TestCaller absent = new TestCaller(directory).with("VR_THE_SOURCE", store);
            assertThat(absent.run("inspect", "not/" + manifest)).isEqualTo(1);
            assertThat(absent.out()).isEmpty();
            assertThat(absent.err())
                    .isEqualTo("velo: cannot read manifest not/" + manifest
                            + ": there is no such file; make it with velo ingest\n");

            TestCaller roots = new TestCaller(directory).with("VR_THE_SOURCE", store);
            assertThat(roots.run("roots")).isZero();
            assertThat(roots.out()).contains(digest, directory.resolve(manifest).toString());
            TestCaller drop = new TestCaller(directory).with("VR_THE_SOURCE", store);
            assertThat(drop.run("roots", "drop", manifest)).as(drop.err()).isZero();

            TestCaller export = new TestCaller(directory).with("VR_THE_SOURCE", store);
            assertThat(export.run("export", manifest, "out" + round))
                    .as(export.err())
                    .isZero();
            assertThat(directory.resolve("out" + round + "/file")).hasContent(content);
            assertThat(export.atEnd()).isEmpty();
        }
        return null;
    }

    private static void atOnce(List<Callable<Void>> work) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(work.size());
        try {
            for (Future<Void> each : pool.invokeAll(work)) {
                each.get();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void callersAtTheSameTimeDoNotDisturbEachOther() throws Exception {
        CyclicBarrier together = new CyclicBarrier(CALLERS);
        List<Callable<Void>> all = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            String content = "x".repeat(i + 1);
            Path directory = directory("caller" + i, content);
            String store = i % 2 == 0 ? "store" : "a/store" + i;
            all.add(() -> work(directory, store, content, together));
        }
        atOnce(all);
        for (int i = 0; i < CALLERS; i++) {
            assertThat(temp.resolve("caller" + i).resolve(i % 2 == 0 ? "store" : "a/store" + i))
                    .isDirectory();
        }
    }

    @Test
    void callersShareAStoreAndNotTheirDirectories() throws Exception {
        CyclicBarrier together = new CyclicBarrier(CALLERS);
        List<Callable<Void>> all = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
            String content = "y".repeat(i + 1);
            Path directory = directory("caller" + i, content);
            all.add(() -> work(directory, temp.resolve("shared").toString(), content, together));
        }
        atOnce(all);
    }

    @Test
    void nothingIsPrintedWhereTheProcessPrints() throws Exception {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        PrintStream here = new PrintStream(printed, true, StandardCharsets.UTF_8);
        try {
            System.setOut(here);
            System.setErr(here);
            for (String command : Velo.COMMANDS) {
                if (List.of("help", "farm", "finish").contains(command)) {
                    continue;
                }
                TestCaller help = someone();
                assertThat(help.run(command, "--help")).as(command).isZero();
                assertThat(help.out()).contains("Usage:");
                TestCaller misuse = someone();
                assertThat(misuse.run(command, "--nonsense")).isEqualTo(command.equals("run") ? 125 : 2);
                assertThat(misuse.err()).startsWith("velo: ");
            }
            assertThat(someone().run("status")).isZero();
            assertThat(someone().run("status", "--store=nowhere")).isEqualTo(1);
            TestCaller watching = someone().onTerminal().with("TERM", "xterm");
            assertThat(watching.run("verify")).isZero();
            assertThat(watching.err()).contains("verify");
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
        assertThat(printed.toString(StandardCharsets.UTF_8)).isEmpty();
    }

    @Test
    void standardInputIsTheCallers() {
        TestCaller caller = someone().reading("m.velo\nm.velo\n");
        assertThat(caller.run("farm")).as(caller.err()).isZero();
        assertThat(caller.out().lines()).hasSize(2);
    }

    @Test
    void whatItCannotPrintIsSaidUnlessNobodyReadsOn() {
        TestCaller full = someone().full(false);
        assertThat(full.run("status")).isEqualTo(1);
        assertThat(full.err()).startsWith("velo: cannot write to standard output: ");
        TestCaller cat = someone().full(false);
        assertThat(cat.run("cat", "m.velo", "file")).isEqualTo(1);
        assertThat(cat.err()).startsWith("velo: cannot write standard output: no space; ");
        for (String[] command : new String[][] {{"status"}, {"cat", "m.velo", "file"}}) {
            TestCaller gone = someone().full(true);
            assertThat(gone.run(command)).isEqualTo(1);
            assertThat(gone.err()).isEmpty();
        }
    }

    @Test
    void aNameThatIsNoTextIsNotAnotherFilesName() {
        byte[] odd = {'m', (byte) 0xff};
        TestCaller caller = someone();
        assertThat(CommandLineSession.run(caller.caller(CallerArguments.of(List.of("inspect".getBytes(), odd)))))
                .isEqualTo(2);
        assertThat(caller.err()).startsWith("velo: cannot use argument m\ufffd: it is not valid UTF-8; ");
        // One whose bytes are not known may be any.
        TestCaller unknown = someone();
        assertThat(CommandLineSession.run(
                        unknown.caller(new CallerArguments(List.of("inspect", "m\ufffd"), List.of()))))
                .isEqualTo(2);
        TestCaller valid = someone();
        assertThat(valid.run("inspect", "m\ufffd")).isEqualTo(1);
        assertThat(valid.err()).startsWith("velo: cannot read manifest m\ufffd: there is no such file");
    }

    @Test
    void filesAreMadeWithTheCallersMask() throws Exception {
        TestCaller secretive = someone().umask(077);
        assertThat(secretive.run("ingest", "tree", "-o", "secret.velo", "--store=new/er/store"))
                .isZero();
        assertThat(secretive.run("push", "secret.velo", "--archive=secret.tar", "--store=new/er/store"))
                .isZero();
        assertThat(secretive.run("push", "secret.velo", "--archive=secret", "--store=new/er/store"))
                .isZero();
        for (String name : List.of("secret.velo", "secret.tar", "secret/velo-archive")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve(name))))
                    .as(name)
                    .isEqualTo("rw-------");
        }
        for (String name : List.of("secret", "new", "new/er")) {
            assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve(name))))
                    .as(name)
                    .isEqualTo("rwx------");
        }
        TestCaller open = someone();
        assertThat(open.run("push", "m.velo", "--archive=open.tar")).isZero();
        Path control = Files.createFile(home.resolve("control"));
        assertThat(Files.getPosixFilePermissions(home.resolve("open.tar")))
                .isEqualTo(Files.getPosixFilePermissions(control));
        assertThat(Files.getPosixFilePermissions(home.resolve("m.velo")))
                .isEqualTo(Files.getPosixFilePermissions(control));
    }

    @Test
    void aRunIsPlannedForAnotherProcess() throws Exception {
        AtomicReference<byte[]> bytes = new AtomicReference<>();
        AtomicReference<Path> directory = new AtomicReference<>();
        TestCaller caller = someone()
                .withRaw(new byte[] {'O', 'D', 'D', '=', (byte) 0xfe})
                .launching(run -> {
                    directory.set(run.directory());
                    bytes.set(run.plan(17, OptionalLong.of(99)));
                    assertThatThrownBy(() -> run.plan(18, OptionalLong.empty()))
                            .isInstanceOf(IllegalStateException.class);
                    assertThat(run.lock()).isNotNegative();
                    assertThat(run.directory()).isDirectory();
                    run.handedOver();
                    return 42;
                });
        List<byte[]> arguments = new ArrayList<>();
        for (String argument : List.of(
                "run",
                "--isolate",
                "--manifest=m.velo",
                "--pass-env=ODD",
                "--bind=tree:/shown",
                "--result=r.json",
                "--output=o.velo",
                "--",
                "/file")) {
            arguments.add(argument.getBytes(StandardCharsets.UTF_8));
        }
        arguments.add(new byte[] {(byte) 0xff});
        assertThat(CommandLineSession.run(caller.caller(CallerArguments.of(arguments))))
                .as(caller.err())
                .isEqualTo(42);
        PlanRecords plan = new PlanRecords(bytes.get(), "VELOPLAN");
        assertThat(plan.number(PlanRecords.KEEP_DESCRIPTOR)).isEqualTo(17);
        assertThat(plan.number(PlanRecords.DESCRIPTOR_LIMIT)).isEqualTo(99);
        assertThat(plan.strings(PlanRecords.ARGUMENT)).containsExactly("/file".getBytes(), new byte[] {(byte) 0xff});
        assertThat(plan.strings(PlanRecords.ENVIRONMENT))
                .anySatisfy(variable -> assertThat(variable).isEqualTo(new byte[] {'O', 'D', 'D', '=', (byte) 0xfe}));
        assertThat(plan.texts(PlanRecords.RESULT))
                .containsExactly(home.resolve("r.json").toString());
        assertThat(plan.texts(PlanRecords.FINISH)).contains("--output=" + home.resolve("o.velo"));
        assertThat(plan.texts(PlanRecords.MOUNT))
                .anyMatch(mount -> mount.contains("/shown")
                        && mount.contains(home.resolve("tree").toString()));
        assertThat(directory.get()).isDirectory();
    }

    @Test
    void aRunThatIsNotHandedOverLeavesNothing() {
        TestCaller caller = someone();
        assertThatThrownBy(() ->
                        caller.run("run", "--isolate", "--manifest", "m.velo", "--result", "r.json", "--", "/file"))
                .isInstanceOf(DeclinedException.class);
        assertThat(caller.out()).isEmpty();
        assertThat(caller.err()).isEmpty();
        assertThat(home.resolve("r.json")).doesNotExist();
        assertThat(home.resolve("store/leases")).isEmptyDirectory();
        // Here there was one.
        AtomicReference<Path> lease = new AtomicReference<>();
        assertThat(someone()
                        .launching(run -> {
                            lease.set(run.directory());
                            assertThat(run.directory()).isDirectory();
                            return 0;
                        })
                        .run("run", "--isolate", "--manifest", "m.velo", "--", "/file"))
                .isZero();
        assertThat(lease.get()).doesNotExist();
        // And what fails is recorded, where the caller says.
        TestCaller wrong = someone();
        assertThat(wrong.run("run", "--isolate", "--manifest", "no.velo", "--result", "r.json", "--", "/file"))
                .isEqualTo(125);
        assertThat(home.resolve("r.json")).content().contains("cannot read manifest no.velo");
    }

    @Test
    void whoDebugsSeesWhereAnErrorComesFrom() {
        TestCaller plain = someone();
        assertThat(plain.run("status", "--store=nowhere")).isEqualTo(1);
        assertThat(plain.err()).doesNotContain("\tat ");
        TestCaller debugging = someone().with("VRIFT_DEBUG", "1");
        assertThat(debugging.run("status", "--store=nowhere")).isEqualTo(1);
        assertThat(debugging.err()).contains("\tat dev.velo.");
    }
}
