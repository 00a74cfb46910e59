package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import io.grpc.TlsServerCredentials;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A manifest on one machine, a cache between, and another machine. */
@Tag("once")
class TransferIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    /** Small, empty, executable, repeated, and larger than a batch, compressible and not. */
    private static final String TREE = """
            mkdir -p bin deep/er; printf '#!/bin/sh\\necho hello\\n' >bin/greet; chmod 755 bin/greet; : >empty
            for i in $(seq 50); do echo "content $i" >deep/f$i; done; cp deep/f1 deep/er/again; ln -s ../empty deep/link
            seq 1 900000 >compressible; head -c 5000000 /dev/urandom >random
            """;

    private Path otherStore() {
        return work.store().resolveSibling("other");
    }

    private Command pull(FakeCache cache, String reference, Path output, String... more) {
        var argv =
                new ArrayList<String>(List.of("pull", cache.address(), reference, "-o", output.toString(), "--json"));
        argv.addAll(List.of(more));
        return work.velo(argv.toArray(String[]::new))
                .with("VR_THE_SOURCE", otherStore().toString());
    }

    private JsonObject push(FakeCache cache, Path manifest) {
        return work.velo("push", manifest.toString(), cache.address(), "--json")
                .run()
                .succeeds()
                .json();
    }

    @ParameterizedTest
    @CsvSource({"false, 0, ''", "true, 0, main/one", "false, 2000, one", "true, 65536, ''"})
    void whatOneStorePushesAnotherPullsAndRuns(boolean zstd, long maxBatch, String instance) throws Exception {
        Path tree = work.tree(TREE);
        Path manifest = work.ingest(tree);
        try (FakeCache cache = new FakeCache(instance, maxBatch, zstd)) {
            JsonObject first = push(cache, manifest);
            assertThat(first.get("moved_blobs").getAsInt())
                    .isEqualTo(first.get("blobs").getAsInt())
                    .isEqualTo(53);
            assertThat(cache.received).hasValue(54);
            assertThat(cache.largestBatch.get()).isLessThanOrEqualTo(maxBatch == 0 ? 4 << 20 : maxBatch);
            assertThat(cache.compressed.get() > 0).as("compressed").isEqualTo(zstd);

            JsonObject second = push(cache, manifest);
            assertThat(second.get("moved_blobs").getAsInt()).isZero();
            assertThat(second.get("manifest_moved").getAsBoolean()).isFalse();
            assertThat(cache.received).hasValue(54);

            String reference = first.get("reference").getAsString();
            assertThat(reference).isEqualTo(FakeCache.name(Files.readAllBytes(manifest)));
            Path arrived = work.dir("arrived").resolve("m.velo");
            JsonObject pulled = pull(cache, reference, arrived).run().succeeds().json();
            assertThat(pulled.get("moved_bytes").getAsLong())
                    .isEqualTo(first.get("bytes").getAsLong());
            assertThat(arrived).hasSameBinaryContentAs(manifest);

            JsonObject again = pull(cache, reference, arrived).run().succeeds().json();
            assertThat(again.get("moved_blobs").getAsInt()).isZero();
        }
        String other = otherStore().toString();
        work.velo("verify").with("VR_THE_SOURCE", other).run().succeeds();
        work.velo("gc", "--run", "--grace", "0s")
                .with("VR_THE_SOURCE", other)
                .run()
                .succeeds();
        Path copy = work.dir("copy").resolve("tree");
        work.velo("export", manifest.toString(), copy.toString())
                .with("VR_THE_SOURCE", other)
                .run()
                .succeeds();
        assertThat(Snapshot.of(work, copy)).isEqualTo(Snapshot.of(work, tree));
    }

    @Test
    void aPulledTreeRunsInTheSandbox() throws Exception {
        Path app = work.ingest(work.tree(TREE));
        Path base = work.base();
        Path there = work.dir("there");
        try (FakeCache cache = new FakeCache("", 0, true)) {
            for (Path manifest : List.of(app, base)) {
                String reference = push(cache, manifest).get("reference").getAsString();
                pull(cache, reference, there.resolve(manifest.getFileName()))
                        .run()
                        .succeeds();
            }
        }
        work.velo(
                        "run",
                        "--isolate",
                        "--base",
                        there.resolve(base.getFileName()).toString(),
                        "--manifest",
                        there.resolve(app.getFileName()).toString(),
                        "--",
                        "/bin/greet")
                .with("VR_THE_SOURCE", otherStore().toString())
                .run()
                .prints("hello\n");
    }

    @Test
    void aServerThatIsAwayForAMomentIsWaitedFor() throws Exception {
        Path manifest = work.ingest(work.tree(TREE));
        try (FakeCache cache = new FakeCache("", 0, false)) {
            cache.mischief.unavailable.set(2);
            cache.mischief.breakAfter.set(1_000_000);
            String reference = push(cache, manifest).get("reference").getAsString();
            // One stream broke and went on behind the start.
            assertThat(cache.firstOffsets).anyMatch(offset -> offset >= 1_000_000);
            cache.firstOffsets.clear();
            cache.mischief.unavailable.set(2);
            cache.mischief.breakAfter.set(1_000_000);
            pull(cache, reference, work.dir("m").resolve("m.velo")).run().succeeds();
            assertThat(cache.firstOffsets).anyMatch(offset -> offset >= 1_000_000);
        }
    }

    @Test
    void aPushThatWasKilledIsContinued() throws Exception {
        Path manifest = work.ingest(work.tree("head -c 20000000 /dev/urandom >random"));
        try (FakeCache cache = new FakeCache("", 0, true)) {
            cache.mischief.pauseMillis = 50;
            var killed = work.velo("push", manifest.toString(), cache.address()).start();
            while (cache.firstOffsets.isEmpty()) {
                Command.pause(10);
            }
            Command.pause(1000);
            killed.process().destroyForcibly().waitFor();
            cache.mischief.pauseMillis = 0;
            push(cache, manifest);
            assertThat(cache.firstOffsets).hasSize(2).first().isEqualTo(0L);
            assertThat(cache.firstOffsets.stream().skip(1)).allMatch(offset -> offset > 1_000_000);
        }
    }

    @Test
    void aPullThatWasKilledKeepsWhatHasArrived() throws Exception {
        Path manifest = work.ingest(work.tree("for i in $(seq 40); do head -c 200000 /dev/urandom >f$i; done"));
        Path output = work.dir("m").resolve("m.velo");
        try (FakeCache cache = new FakeCache("", 100_000, false)) {
            String reference = push(cache, manifest).get("reference").getAsString();
            cache.mischief.pauseMillis = 150;
            var killed = pull(cache, reference, output).start();
            while (cache.served.get() < 30) {
                Command.pause(10);
            }
            killed.process().destroyForcibly().waitFor();
            assertThat(output).doesNotExist();
            cache.mischief.pauseMillis = 0;
            // A collection in between: what nobody names yet is kept for the grace period.
            String other = otherStore().toString();
            work.velo("gc", "--run").with("VR_THE_SOURCE", other).run().succeeds();
            JsonObject rest = pull(cache, reference, output).run().succeeds().json();
            assertThat(rest.get("moved_blobs").getAsInt()).isLessThan(40);
            work.velo("verify").with("VR_THE_SOURCE", other).run().succeeds();
        }
    }

    @Test
    void aCollectorBesideAPullTakesNothing() throws Exception {
        Path manifest = work.ingest(work.tree("for i in $(seq 40); do head -c 200000 /dev/urandom >f$i; done"));
        try (FakeCache cache = new FakeCache("", 100_000, false)) {
            String reference = push(cache, manifest).get("reference").getAsString();
            cache.mischief.pauseMillis = 100;
            var pull = pull(cache, reference, work.dir("m").resolve("m.velo")).start();
            String other = otherStore().toString();
            int collections = 0;
            while (pull.process().isAlive()) {
                if (Files.exists(otherStore().resolve("velo-store"))) {
                    work.velo("gc", "--run", "--grace", "0s")
                            .with("VR_THE_SOURCE", other)
                            .run()
                            .succeeds();
                    collections++;
                }
            }
            pull.await().succeeds();
            assertThat(collections).isPositive();
            work.velo("verify").with("VR_THE_SOURCE", other).run().succeeds();
            work.velo("export", manifest.toString(), work.dir("x").resolve("y").toString())
                    .with("VR_THE_SOURCE", other)
                    .run()
                    .succeeds();
        }
    }

    @Test
    void headersAndCertificates() throws Exception {
        Host.needsTool("openssl");
        Path keys = work.dir("keys");
        work.sh(keys, """
                openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=localhost \\
                  -addext subjectAltName=DNS:localhost 2>/dev/null
                """);
        Path manifest = work.ingest(work.tree("echo x >x"));
        var credentials = TlsServerCredentials.create(
                keys.resolve("cert.pem").toFile(), keys.resolve("key.pem").toFile());
        try (FakeCache cache = new FakeCache("", 0, false, credentials)) {
            assertThat(cache.address()).startsWith("grpcs://");
            work.velo("push", manifest.toString(), cache.address()).run().refuses(1, cache.address());
            assertThat(cache.blobs).isEmpty();
            work.velo(
                            "push",
                            manifest.toString(),
                            cache.address(),
                            "--ca",
                            keys.resolve("cert.pem").toString(),
                            "--header",
                            "authorization=Bearer abc")
                    .run()
                    .succeeds();
            assertThat(cache.authorizations).isNotEmpty().allMatch("Bearer abc"::equals);
            work.velo("push", manifest.toString(), cache.address(), "--ca", manifest.toString())
                    .run()
                    .refuses(1, "--ca");
        }
    }

    @Test
    void misuse() {
        Path manifest = work.ingest(work.tree("echo x >x"));
        String m = manifest.toString();
        String hex = "ab".repeat(32);
        for (String[] arguments : new String[][] {
            {"push", m},
            {"push", m, "http://x:1"},
            {"push", m, "grpc://x"},
            {"push", m, "grpc://x:1", "--archive", "a"},
            {"push", m, "grpc://x:1", "--ca", "f"},
            {"push", m, "grpc://x:1", "--timeout", "0s"},
            {"pull", "grpc://x:1", "-o", "o"},
            {"pull", "grpc://x:1", hex, "-o", "o"},
            {"pull", "grpc://x:1", hex + "/x", "-o", "o"},
            {"pull", "grpc://x:1", hex + "/5"},
            {"pull", "--archive", "a", "x", hex, "-o", "o"}
        }) {
            Outcome outcome = work.velo(arguments).run().exits(2);
            assertThat(outcome.err().lines()).as("%s", outcome).hasSize(1);
        }
    }

    @Test
    void aStoreThatLacksBlobsSaysWhich() throws Exception {
        Path manifest = work.ingest(work.tree("mkdir d; echo gone >d/gone; echo here >here"));
        String digest =
                FakeCache.name("gone\n".getBytes(StandardCharsets.US_ASCII)).substring(0, 64);
        Path blob = work.store().resolve("cas/sha256/" + digest.substring(0, 2) + "/" + digest.substring(2));
        try (FakeCache cache = new FakeCache("", 0, false)) {
            Files.setPosixFilePermissions(blob, PosixFilePermissions.fromString("rw-r--r--"));
            Files.writeString(blob, "fake\n");
            work.velo("push", manifest.toString(), cache.address()).run().refuses(1, digest, "velo verify");
            assertThat(cache.blobs).doesNotContainKey(FakeCache.name(Files.readAllBytes(manifest)));
            Files.delete(blob);
            work.velo("push", manifest.toString(), cache.address()).run().refuses(1, "d/gone", digest);
        }
    }
}
