package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * A run with the options of one before is planned from what that one was made of, and from nothing that has changed since. Each test first sees
 * that it is, and then that what it has changed keeps it from that.
 */
@Tag("once")
class RepeatedRunIT {
    /** After which a change of a file would show in its change time. */
    private static final int SETTLED_MS = 3100;

    @RegisterExtension
    final Workspace work = new Workspace();

    private Daemon daemon;

    @BeforeEach
    void prepare() {
        daemon = new Daemon(work);
        work.base();
        Command.pause(SETTLED_MS);
        daemon.start();
    }

    @AfterEach
    void end() {
        daemon.close();
    }

    private Command shell(List<String> options, String script) {
        return daemon.asked(work.isolated(options, "/bin/sh", "-c", script)).with("VRIFT_DEBUG", null);
    }

    private List<String> base(String... more) {
        List<String> options = new ArrayList<>(List.of("--manifest", work.base().toString()));
        options.addAll(List.of(more));
        return options;
    }

    /** Runs it until it is planned as one before. */
    private void repeat(List<String> options) {
        long before = daemon.repeated();
        for (int i = 0; i < 3; i++) {
            shell(options, ":").run().succeeds();
        }
        Daemon.until("it is planned as one before", () -> daemon.repeated() >= before + 2);
    }

    private void isPlannedAnew(List<String> options, String script, String output) {
        long before = daemon.repeated();
        assertThat(shell(options, script).run().succeeds().out()).isEqualTo(output);
        Command.pause(200);
        assertThat(daemon.repeated()).isEqualTo(before);
    }

    private List<String> leases() {
        try (Stream<Path> all = Files.list(work.store().resolve("leases"))) {
            return all.map(Path::toString).toList();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void programEnvironmentAndStreamsAreItsOwn() {
        repeat(base());
        long before = daemon.repeated();
        assertThat(shell(base(), "cat; echo $TERM; exit 7")
                        .with("TERM", "one")
                        .reading("in ")
                        .run())
                .matches(outcome -> outcome.exit() == 7 && outcome.out().equals("in one\n"));
        assertThat(shell(base(), "echo $TERM$LEAK >&2; kill -9 $$")
                        .with("TERM", "two")
                        .with("LEAK", "x")
                        .run())
                .matches(outcome -> outcome.exit() == 137 && outcome.err().equals("two\n"));
        assertThat(daemon.asked(work.isolated(base(), "/no/such"))
                        .with("VRIFT_DEBUG", null)
                        .run()
                        .exit())
                .isEqualTo(127);
        assertThat(daemon.asked(work.isolated(base(), "/bin/echo", "--", "--net", "host"))
                        .with("VRIFT_DEBUG", null)
                        .run()
                        .out())
                .isEqualTo("-- --net host\n");
        Daemon.until("all were planned as one before", () -> daemon.repeated() == before + 4);
        assertThat(leases()).isEmpty();
    }

    /** Options are those before "--", whatever stands behind it. */
    @Test
    void otherOptionsAreOtherRuns() {
        repeat(base());
        isPlannedAnew(base("--hostname", "other"), "hostname", "other\n");
        isPlannedAnew(base("--env", "A=b"), "echo $A", "b\n");
        isPlannedAnew(base("--env", "A=c"), "echo $A", "c\n");
        assertThat(shell(base("--env", "A=b"), "echo $A").run().out()).isEqualTo("b\n");
        assertThat(shell(base(), "echo $A; hostname").run().out()).isEqualTo("\nvelo\n");
    }

    @Test
    void aManifestThatChangedIsReadAgain() {
        Path tree = work.tree("echo one >file");
        Path manifest = work.ingest(tree);
        List<String> options = List.of("--base", work.base().toString(), "--manifest", manifest.toString());
        assertThat(shell(options, "cat /file").run().out()).isEqualTo("one\n");
        assertThat(shell(options, "cat /file").run().out()).isEqualTo("one\n");
        assertThat(daemon.repeated()).as("a file that has changed a moment ago").isZero();
        Command.pause(SETTLED_MS);
        repeat(options);
        work.sh(tree, "echo two >file; $velo ingest . --output $1", manifest);
        isPlannedAnew(options, "cat /file", "two\n");
        // The same number of bytes in the same inode, with the times set back.
        Path other = work.ingest(work.tree("echo six >file"));
        Command.pause(SETTLED_MS);
        repeat(options);
        work.sh(tree, "touch -r $1 ref; cat $2 >$1; touch -r ref $1", manifest, other);
        isPlannedAnew(options, "cat /file", "six\n");
        // By way of a link its change does not show.
        Path link = manifest.resolveSibling("link.velo");
        work.sh(tree, "ln -s $1 $2", manifest, link);
        Command.pause(SETTLED_MS);
        List<String> linked = List.of("--base", work.base().toString(), "--manifest", link.toString());
        shell(linked, ":").run().succeeds();
        work.sh(tree, "ln -sfn $1 $2", other, link);
        isPlannedAnew(linked, "cat /file", "six\n");
    }

    @Test
    void relativePathsStartInEachCallersDirectory() {
        Path one = work.tree("echo one >file; $velo ingest . --output ../one.velo");
        Path both = one.getParent();
        work.sh(both, "mkdir a b; mv one.velo a/m.velo; echo two >$1/file; $velo ingest $1 --output b/m.velo", one);
        Command.pause(SETTLED_MS);
        List<String> options = List.of("--base", work.base().toString(), "--manifest", "m.velo");
        for (int i = 0; i < 3; i++) {
            assertThat(shell(options, "cat /file").in(both.resolve("a")).run().out())
                    .isEqualTo("one\n");
            assertThat(shell(options, "cat /file").in(both.resolve("b")).run().out())
                    .isEqualTo("two\n");
        }
        Daemon.until("they are planned as ones before", () -> daemon.repeated() >= 2);
    }

    @Test
    void aProfileThatChangedIsReadAgain() {
        Path profile = work.dir("profile").resolve("p.yaml");
        work.sh(profile.getParent(), "printf 'extends: hermetic\\nhostname: one\\n' >p.yaml");
        Command.pause(SETTLED_MS);
        List<String> options = base("--profile", profile.toString());
        repeat(options);
        work.sh(profile.getParent(), "printf 'extends: hermetic\\nhostname: two\\n' >p.yaml");
        isPlannedAnew(options, "hostname", "two\n");
    }

    /** It may name another store. */
    @Test
    void aChangedConfigurationIsReadAgain() {
        Path home = work.dir("home");
        work.sh(home, "mkdir -p .config/velo");
        Path other = work.dir("others").resolve("store");
        Command run = shell(base(), ":").with("HOME", home.toString()).with("VR_THE_SOURCE", null);
        work.sh(home, "echo store: $1 >.config/velo/config.yaml", work.store());
        Command.pause(SETTLED_MS);
        daemon.velo("daemon", "start")
                .with("HOME", home.toString())
                .with("VR_THE_SOURCE", null)
                .run()
                .succeeds();
        for (int i = 0; i < 3; i++) {
            run.run().succeeds();
        }
        Daemon.until("it is planned as one before", () -> daemon.repeated() == 2);
        work.sh(home, "echo store: $1 >.config/velo/config.yaml", other);
        Outcome missing = run.run();
        assertThat(missing.exit()).as("its blobs are not in that store").isEqualTo(125);
        assertThat(other).exists();
    }

    @Test
    void whatTheStoreHasLostIsMadeAgain() {
        repeat(base());
        work.sh(work.store(), "find farms -type d -exec chmod u+w {} +; rm -r farms/*");
        isPlannedAnew(base(), "echo farm", "farm\n");
        repeat(base());
        work.sh(work.store(), "find farms/*/skeletons -type d -exec chmod u+w {} +; rm -r farms/*/skeletons");
        isPlannedAnew(base(), "ls -d /proc", "/proc\n");
        repeat(base());
        work.velo("roots", "drop", work.base().toString()).run().succeeds();
        isPlannedAnew(base(), "echo root", "root\n");
        assertThat(work.velo("roots").run().out()).contains(work.base().toString());
        repeat(base());
        work.sh(work.store(), "rm -f manifests/*");
        isPlannedAnew(base(), "echo copy", "copy\n");
        assertThat(work.store().resolve("manifests")).isNotEmptyDirectory();
    }

    /** By a quick audit after the first run on it, in a process that has not built it itself. */
    @Test
    void aFarmThatIsNotWholeIsBuiltAgain() {
        repeat(base());
        daemon.velo("daemon", "stop").run().succeeds();
        work.sh(
                work.store(),
                "cd farms/*/tree; chmod u+w . bin; cp bin/busybox x; mv -f x bin/busybox; echo more >more");
        daemon.start();
        assertThat(shell(base(), "cat /more").run().out()).isEqualTo("more\n");
        Daemon.until("it was audited", () -> daemon.log().contains("is not whole"));
        isPlannedAnew(base(), "ls /more 2>/dev/null || echo none", "none\n");
        repeat(base());
        assertThat(work.velo("verify").run().exit()).isZero();
    }

    @Test
    void anotherStoreAtItsPlaceIsNoticed() {
        repeat(base());
        work.sh(work.store().getParent(), "mv $1 $1.away", work.store());
        Outcome outcome = shell(base(), ":").run();
        assertThat(outcome.exit()).isEqualTo(125);
        assertThat(outcome.err()).contains("the store lacks /bin/busybox");
        assertThat(Path.of(work.store() + ".away/leases")).isEmptyDirectory();
    }

    private Command.Running holdTheGate(int seconds) {
        return work.command(List.of(
                        "bash",
                        "-c",
                        "exec 9<>\"$1/gc.lock\"; flock -x 9; echo held; sleep " + seconds,
                        "test",
                        work.store().toString()))
                .start()
                .says("held");
    }

    /** A collector that was stopped, a mount whose server is gone: nobody else may have to wait for them. */
    @Test
    void oneThatCannotGoOnKeepsNobodyElseWaiting() {
        repeat(base());
        Command.Running gate = holdTheGate(4);
        Command.Running run = daemon.isolated("/bin/echo", "at last")
                .with("VRIFT_DEBUG", null)
                .start();
        Command.pause(300);
        long begun = System.nanoTime();
        for (int i = 0; i < 3; i++) {
            daemon.velo("daemon", "status").run().succeeds();
        }
        assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.SECONDS.toNanos(3));
        gate.await();
        assertThat(run.await().succeeds().out()).isEqualTo("at last\n");
        assertThat(leases()).isEmpty();
        repeat(base());
    }

    /** In the same directory, so that only what is in it tells. */
    @Test
    void aStoreThatWasMadeAnewIsNotTakenForTheOldOne() {
        repeat(base());
        Path tree = work.dir("exported").resolve("tree");
        work.velo("export", work.base().toString(), tree.toString()).run().succeeds();
        work.sh(
                work.store(),
                "find . -type d -exec chmod u+w {} +; rm -rf ./*; $velo ingest $1 --output $2 >/dev/null",
                tree,
                work.base());
        Command.pause(SETTLED_MS);
        repeat(base());
        Command.Running gate = holdTheGate(3);
        long begun = System.nanoTime();
        shell(base(), ":").run().succeeds();
        assertThat(System.nanoTime() - begun).as("it waits for the gate").isGreaterThan(1_500_000_000L);
        gate.await();
    }

    /** Names that mean something else in another process. */
    @Test
    void theCallersOwnDescriptorsAreHis() {
        Outcome outcome = daemon.asked(work.command(List.of(
                        "bash",
                        "-c",
                        "\"$1\" run --isolate --manifest /dev/stdin -- /bin/echo mine <\"$2\"",
                        "test",
                        Workspace.VELO.toString(),
                        work.base().toString())))
                .with("VRIFT_DEBUG", null)
                .run();
        assertThat(outcome.succeeds().out()).isEqualTo("mine\n");
        work.velo("roots", "drop", "/dev/stdin").run();
    }

    @Test
    void resultsGoWhereEachRunHasThem() throws IOException {
        Path results = work.dir("results");
        List<String> options =
                base("--output", "out.velo", "--changes", "changes", "--result", "record", "--timeout", "50s");
        for (int i = 0; i < 3; i++) {
            shell(options, "echo " + i + " >/new" + i + "; exit " + i)
                    .in(results)
                    .run();
            assertThat(results.resolve("changes")).hasContent("A /new" + i);
            assertThat(Files.readString(results.resolve("record"))).contains("\"exit\":" + i);
            assertThat(daemon.velo("cat", results.resolve("out.velo").toString(), "new" + i)
                            .run()
                            .out())
                    .isEqualTo(i + "\n");
        }
        Daemon.until("they are planned as one before", () -> daemon.repeated() == 2);
        work.sh(results, "rm record; mkdir record");
        Outcome refused = shell(options, ":").in(results).run();
        assertThat(refused.exit()).isEqualTo(125);
        assertThat(refused.err()).contains("cannot write record");
        assertThat(leases()).isEmpty();
    }

    /** What each run needs is there as long as it works, whatever a collector takes away between two. */
    @Test
    void collectionsInBetweenLoseNothing() throws Exception {
        repeat(base());
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(8);
        Thread collector = new Thread(() -> {
            while (System.nanoTime() < end) {
                work.velo("roots", "drop", work.base().toString()).run();
                work.velo("gc", "--run", "--grace", "0s").run().succeeds();
            }
        });
        collector.start();
        int runs = 0;
        int lost = 0;
        while (System.nanoTime() < end) {
            Outcome outcome =
                    shell(base(), "test -x /bin/busybox && echo whole").run();
            if (outcome.exit() == 0) {
                assertThat(outcome.out()).isEqualTo("whole\n");
                runs++;
            } else {
                // Between two runs nothing keeps the blobs of a root that was removed.
                assertThat(outcome.err()).contains("the store lacks");
                lost++;
            }
            if (lost > 0) {
                break;
            }
        }
        collector.join();
        assertThat(runs + lost).isPositive();
        assertThat(leases()).isEmpty();
    }

    @Test
    void manyAtOnceHaveEachTheirOwnDirectory() throws Exception {
        repeat(base());
        List<Thread> threads = new ArrayList<>();
        List<String> wrong = java.util.Collections.synchronizedList(new ArrayList<>());
        for (int t = 0; t < 8; t++) {
            int number = t;
            Thread thread = new Thread(() -> {
                for (int i = 0; i < 10; i++) {
                    Outcome outcome = shell(base(), "echo " + number + " >/f; sleep 0.02; cat /f")
                            .run();
                    if (outcome.exit() != 0 || !outcome.out().equals(number + "\n")) {
                        wrong.add(outcome.toString());
                    }
                }
            });
            threads.add(thread);
            thread.start();
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(wrong).isEmpty();
        assertThat(leases()).isEmpty();
    }
}
