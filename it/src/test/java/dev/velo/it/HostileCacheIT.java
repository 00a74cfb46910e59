package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Servers that lie, stall and break: one line, status 1, and nothing wrong in the store. */
@Tag("once")
class HostileCacheIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private Path manifest;
    private String reference;

    @BeforeEach
    void ingest() throws Exception {
        manifest = work.ingest(work.tree("echo small >small; seq 1 900000 >large"));
        reference = FakeCache.name(Files.readAllBytes(manifest));
    }

    private FakeCache filled(boolean zstd) throws Exception {
        FakeCache cache = new FakeCache("", 0, zstd);
        work.velo("push", manifest.toString(), cache.address()).run().succeeds();
        return cache;
    }

    private void pullIsRefused(FakeCache cache, String... fragments) {
        Path output = work.dir("m").resolve("m.velo");
        String other = work.store().resolveSibling("other").toString();
        work.velo("pull", cache.address(), reference, "-o", output.toString(), "--timeout", "2s")
                .within(Duration.ofSeconds(60))
                .with("VR_THE_SOURCE", other)
                .run()
                .refuses(1, fragments);
        assertThat(output).doesNotExist();
        if (!Files.exists(Path.of(other))) {
            // A server that never answered is no reason to make a store.
            return;
        }
        work.velo("verify").with("VR_THE_SOURCE", other).run().succeeds();
        work.sh(work.store().resolveSibling("other"), "test -z \"$(ls leases)\" && test -z \"$(ls roots)\"");
    }

    /** And not the manifest. */
    private static boolean isTheFile(byte[] content, boolean small) {
        return small ? content.length < 100 : content.length > 5_000_000;
    }

    private static byte[] flipped(byte[] content) {
        byte[] other = content.clone();
        other[other.length / 2] ^= 1;
        return other;
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void aWrongDigest(boolean zstd, boolean small) throws Exception {
        try (FakeCache cache = filled(zstd)) {
            cache.mischief.served = content -> isTheFile(content, small) ? flipped(content) : content;
            pullIsRefused(cache, "has the digest");
        }
    }

    @ParameterizedTest
    @CsvSource({"true, true", "true, false", "false, true", "false, false"})
    void moreThanItsSize(boolean zstd, boolean small) throws Exception {
        try (FakeCache cache = filled(zstd)) {
            cache.mischief.served =
                    content -> isTheFile(content, small) ? Arrays.copyOf(content, content.length * 3) : content;
            pullIsRefused(cache, small || !zstd ? "more than" : "");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aWrongManifest(boolean longer) throws Exception {
        try (FakeCache cache = filled(false)) {
            byte[] right = Files.readAllBytes(manifest);
            cache.mischief.served = content -> Arrays.equals(content, right)
                    ? longer ? Arrays.copyOf(content, content.length + 1) : flipped(content)
                    : content;
            pullIsRefused(cache, "manifest");
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aStreamThatEndsEarly(boolean zstd) throws Exception {
        try (FakeCache cache = filled(zstd)) {
            cache.mischief.endsStreamsEarly = true;
            pullIsRefused(cache, zstd ? "compressed form" : "bytes of the");
        }
    }

    @Test
    void aStallEndsInTime() throws Exception {
        try (FakeCache cache = filled(false)) {
            cache.mischief.stalls = true;
            long began = System.nanoTime();
            pullIsRefused(cache, "nothing has moved for 2.0 s");
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(20));

            Path other = work.ingest(work.tree("head -c 9000000 /dev/urandom >another"));
            work.velo("push", other.toString(), cache.address(), "--timeout", "2s")
                    .run()
                    .refuses(1, "nothing has moved");
        }
    }

    @Test
    void blobsThatItDoesNotHave() throws Exception {
        try (FakeCache cache = filled(false)) {
            cache.blobs.keySet().removeIf(name -> !name.equals(reference));
            pullIsRefused(cache, "does not have", "small", "large");
            cache.blobs.clear();
            pullIsRefused(cache, "does not have manifest");
        }
    }

    @Test
    void answersForWhatNobodyAsked() throws Exception {
        try (FakeCache cache = filled(false)) {
            cache.mischief.answersForOthers = true;
            pullIsRefused(cache, "not asked for");
        }
    }

    @Test
    void questionsForWhatNobodyOffered() throws Exception {
        try (FakeCache cache = new FakeCache("", 0, false)) {
            cache.mischief.missesWhatNobodyOffered = true;
            work.velo("push", manifest.toString(), cache.address()).run().refuses(1, "not offered");
            assertThat(cache.blobs).isEmpty();
        }
    }

    @Test
    void aPushThatWasTakenAndForgotten() throws Exception {
        try (FakeCache cache = new FakeCache("", 0, false)) {
            cache.mischief.forgets = true;
            work.velo("push", manifest.toString(), cache.address()).run().refuses(1, "does not have", "small");
        }
    }

    /** A push cannot see that lie; the pull does, and keeps nothing wrong. */
    @Test
    void aServerThatClaimsToHaveEverything() throws Exception {
        try (FakeCache cache = new FakeCache("", 0, false)) {
            cache.mischief.hasEverything = true;
            work.velo("push", manifest.toString(), cache.address()).run().succeeds();
            pullIsRefused(cache, "does not have manifest");
        }
    }

    @Test
    void aServerThatStaysAway() throws Exception {
        try (FakeCache cache = filled(false)) {
            cache.mischief.unavailable.set(1000);
            pullIsRefused(cache, "cannot be reached", "restarting");
        }
    }

    /** Not gRPC at all: garbage, silence, and a door that shuts. */
    @ParameterizedTest
    @ValueSource(strings = {"garbage", "silence", "shut"})
    void somethingElseListens(String kind) throws Exception {
        try (ServerSocket listener = new ServerSocket(0)) {
            Thread answering = new Thread(() -> {
                try {
                    while (true) {
                        Socket peer = listener.accept();
                        if (kind.equals("shut")) {
                            peer.close();
                        } else if (kind.equals("garbage")) {
                            byte[] garbage = new byte[100_000];
                            new Random(1).nextBytes(garbage);
                            InputStream in = peer.getInputStream();
                            OutputStream out = peer.getOutputStream();
                            in.read(new byte[100]);
                            out.write(garbage);
                            out.flush();
                        }
                    }
                } catch (IOException e) {
                    // The test is over.
                    return;
                }
            });
            answering.setDaemon(true);
            answering.start();
            String address = "grpc://localhost:" + listener.getLocalPort();
            long began = System.nanoTime();
            work.velo("push", manifest.toString(), address, "--timeout", "3s")
                    .run()
                    .refuses(1, address);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(30));
        }
    }
}
