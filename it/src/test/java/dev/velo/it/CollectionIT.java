package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The collector takes what nothing needs, all of it and nothing else, whatever goes on beside it. */
class CollectionIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private Path tree;

    @BeforeEach
    void make() {
        tree = work.tree("echo shared >shared; echo kept >kept; printf '#!/bin/sh\\n' >tool; chmod 755 tool");
    }

    private Path blob(String content) {
        String digest = work.sh(tree, "printf '%s\\n' \"$1\" | sha256sum | cut -c1-64", content)
                .line();
        return work.store()
                .resolve("cas/sha256")
                .resolve(digest.substring(0, 2))
                .resolve(digest.substring(2));
    }

    private void collect() {
        work.velo("gc", "--run", "--grace", "0s").run().succeeds();
    }

    @Test
    void exactlyWhatNoManifestNamesGoes() throws Exception {
        Path kept = work.ingest(tree);
        Path other = work.ingest(work.tree("echo shared >s; echo unneeded >u; echo '#!unneeded' >x; chmod 755 x"));
        collect();
        assertThat(blob("unneeded")).exists();

        Files.delete(other);
        collect();
        collect();

        assertThat(blob("unneeded")).doesNotExist();
        assertThat(blob("#!unneeded")).doesNotExist();
        assertThat(blob("shared")).exists();
        assertThat(blob("kept")).exists();
        assertThat(work.sh(work.store(), "find cas -type f | wc -l").line())
                .as("blobs left: shared, kept and tool")
                .isEqualTo("3");
        Path out = work.dir("export").resolve("tree");
        work.velo("export", kept.toString(), out.toString()).run().succeeds();
        assertThat(Snapshot.of(work, out)).isEqualTo(Snapshot.of(work, tree));
        work.velo("verify").run().succeeds();
    }

    @Test
    void theGracePeriodKeepsWhatIsYoung() throws Exception {
        Files.delete(work.ingest(work.tree("echo young >young")));
        work.velo("gc", "--run").run().succeeds();
        assertThat(blob("young")).exists();
        work.velo("gc", "--run", "--grace", "1d").run().succeeds();
        assertThat(blob("young")).exists();
        collect();
        collect();
        assertThat(blob("young")).doesNotExist();
    }

    @Test
    void aRunningSandboxKeepsItsFiles() throws Exception {
        Path app = work.ingest(work.tree("echo running >running; echo late >late"));
        Path base = work.base();
        Path copy = work.dir("m").resolve("app.velo");
        Files.move(app, copy);
        var run = work.inside(copy, "echo ready; sleep 4; cat /late").start().says("ready");
        Files.delete(copy);
        collect();
        collect();
        assertThat(blob("late")).exists();
        assertThat(run.await().out()).contains("late");
        collect();
        collect();
        assertThat(blob("late")).doesNotExist();
        assertThat(base).exists();
        work.inside(work.ingest(tree), "cat /kept").run().prints("kept\n");
    }

    /** A manifest on a disk that is not mounted, or in a directory that was closed, is not gone. */
    @Test
    void aManifestThatCannotBeReadKeepsItsFiles() throws Exception {
        Host.needsOrdinaryUser("root reads everything");
        Path kept = work.ingest(tree);
        work.sh(kept.getParent(), "chmod 000 .");
        collect();
        collect();
        assertThat(blob("kept")).exists();
        work.sh(tree, "chmod 700 \"$1\"", kept.getParent());
        assertThat(kept).exists();
        Files.delete(kept);
        collect();
        collect();
        assertThat(blob("kept")).doesNotExist();
    }

    @Test
    void aDamagedManifestKeepsItsFiles() throws Exception {
        Path kept = work.ingest(tree);
        Files.writeString(kept, "garbage");
        collect();
        collect();
        assertThat(blob("kept")).exists();
    }

    @Test
    void ingestsAndRunsGoOnBesideIt() throws Exception {
        Path base = work.base();
        ExecutorService threads = Executors.newFixedThreadPool(5);
        long end = System.nanoTime() + 20_000_000_000L;
        List<Path> manifests = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Future<?>> jobs = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            int writer = i;
            Callable<Void> ingests = () -> {
                for (int n = 0; System.nanoTime() < end; n++) {
                    // Half of the content is seen for the first time, half may just be on its way out.
                    Path made = work.tree("for i in $(seq 30); do echo \"%d %d $i\" >n$i; echo \"common $i\" >c$i; done"
                            .formatted(writer, n));
                    Path manifest = work.ingest(made);
                    if (n % 2 == 0) {
                        Files.delete(manifest);
                    } else {
                        manifests.add(manifest);
                    }
                }
                return null;
            };
            jobs.add(threads.submit(ingests));
        }
        Callable<Void> runs = () -> {
            while (System.nanoTime() < end) {
                Path app = work.ingest(work.tree("echo run >run; echo common 7 >c"));
                work.inside(app, "cat /run /c").run().prints("run\ncommon 7\n");
                Files.delete(app);
            }
            return null;
        };
        jobs.add(threads.submit(runs));
        Callable<Void> collections = () -> {
            while (System.nanoTime() < end) {
                collect();
            }
            return null;
        };
        jobs.add(threads.submit(collections));
        jobs.add(threads.submit(collections));
        for (Future<?> job : jobs) {
            job.get();
        }
        threads.shutdown();

        assertThat(manifests).isNotEmpty();
        collect();
        for (Path manifest : manifests) {
            work.velo("verify", "--manifest", manifest.toString()).run().succeeds();
        }
        work.velo("verify").run().succeeds();
        work.isolated("/bin/true").run().prints("");
        assertThat(base).exists();
    }

    /** What a killed process left may be a whole farm: the next command does not wait until it is gone, but it goes. */
    @Test
    void manyLeftoversGoInTheBackground() {
        Path manifest = work.ingest(work.tree("echo one >one"));
        work.sh(work.store(), """
                mkdir -p trash/left/a/b; touch trash/left/a/file; ln "$(find cas -type f | head -n 1)" trash/left/a/b/linked
                for d in $(seq 60); do mkdir trash/left/$d; (cd trash/left/$d; seq 1000 | sed 's/^/f/' | xargs touch); done
                ln -s /etc trash/left/a/etc; deep=trash/left; for i in $(seq 300); do deep=$deep/d; done; mkdir -p "$deep"; chmod 000 trash/left/a
                [ "$(id -u)" -ne 0 ] || chown -R --reference=cas trash/left
                """);
        work.velo("cat", manifest.toString(), "one").run().prints("one\n");
        work.sh(work.store(), "for i in $(seq 300); do [ -n \"$(ls -A trash)\" ] || exit 0; sleep 0.1; done; exit 1");
        work.velo("verify").run().succeeds();
        assertThat(Path.of("/etc/passwd")).exists();
    }

    @Test
    void anotherStoreBehindALinkIsLeftAlone() {
        Path manifest = work.ingest(work.tree("echo one >one"));
        Path other = work.dir("other").resolve("store");
        work.velo(
                        "ingest",
                        work.tree("echo two >two").toString(),
                        "--output",
                        other + ".velo",
                        "--store",
                        other.toString())
                .run()
                .succeeds();
        work.sh(other, "rm -rf cas; ln -s \"$1/cas\" cas", work.store());
        work.velo("gc", "--run", "--grace", "0s", "--store", other.toString())
                .run()
                .refuses(1, "cas is a symbolic link where a directory belongs");
        work.velo("cat", manifest.toString(), "one").run().prints("one\n");
    }

    @Test
    void aStrayFileAmongTheLeasesDoesNotStopIt() {
        work.ingest(work.tree("echo one >one"));
        work.sh(work.store(), "touch leases/.nfs0001");
        work.velo("gc", "--run", "--grace", "0s").run().succeeds();
    }
}
