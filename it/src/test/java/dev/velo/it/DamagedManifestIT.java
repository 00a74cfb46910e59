package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A manifest that is not as it was written is refused in one line that names it. Every byte is tried by the unit tests. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("once")
class DamagedManifestIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private byte[] good;

    @BeforeAll
    void make() throws IOException {
        good = Files.readAllBytes(work.ingest(work.tree("mkdir d; echo x >d/x; ln -s d l; echo y >y")));
        refusedNowhere(good);
    }

    private void refusedNowhere(byte[] bytes) throws IOException {
        Path manifest = write(bytes);
        work.velo("inspect", manifest.toString()).run().succeeds();
        work.inside(manifest, "cat /y").run().prints("y\n");
    }

    private void refusedEverywhere(byte[] bytes) throws IOException {
        Path manifest = write(bytes);
        String name = manifest.toString();
        Path out = work.dir("out").resolve("tree");
        work.velo("export", name, out.toString()).run().refuses(1, name);
        assertThat(out).doesNotExist();
        work.inside(manifest, "cat /y").run().refuses(125, name);
    }

    private Path write(byte[] bytes) throws IOException {
        return Files.write(work.dir("damaged").resolve("damaged.velo"), bytes);
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 8, 64, 127, 128, 129, 300})
    void truncated(int length) throws IOException {
        refusedEverywhere(Arrays.copyOf(good, length));
    }

    @Test
    void theLastByteMissingOrOneTooMany() throws IOException {
        refusedEverywhere(Arrays.copyOf(good, good.length - 1));
        refusedEverywhere(Arrays.copyOf(good, good.length + 1));
    }

    @ParameterizedTest
    @ValueSource(doubles = {0.001, 0.1, 0.25, 0.4, 0.6, 0.8, 0.999})
    void oneBitFlipped(double where) throws IOException {
        byte[] bytes = good.clone();
        bytes[(int) (bytes.length * where)] ^= 0x10;
        refusedEverywhere(bytes);
    }

    @Test
    void anotherVersion() throws IOException {
        byte[] bytes = good.clone();
        bytes[8] = 9;
        refusedEverywhere(bytes);
    }

    @Test
    void somethingElse() throws IOException {
        refusedEverywhere("#!/bin/sh\necho I am no manifest\n".getBytes());
        refusedEverywhere(new byte[100_000]);
    }

    @Test
    void everyReadingCommandRefuses() throws IOException {
        byte[] bytes = good.clone();
        bytes[150] ^= 1;
        String name = write(bytes).toString();
        String whole = write(good).toString();
        work.velo("inspect", name).run().refuses(1, name);
        work.velo("cat", name, "y").run().refuses(1, name);
        work.velo("diff", name, whole).run().refuses(1, name);
        work.velo("diff", whole, name).run().refuses(1, name);
        work.velo("status", "--manifest", name).run().refuses(1, name);
        assertThat(work.velo("verify", "--manifest", name).run().exit()).isEqualTo(1);
    }

    @Test
    void aDirectoryAndAFifoInPlaceOfAManifest() {
        String directory = work.dir("directory").toString();
        work.velo("inspect", directory).run().refuses(1, directory);
        Path fifo = work.tree("mkfifo pipe").resolve("pipe");
        work.velo("inspect", fifo.toString())
                .within(java.time.Duration.ofSeconds(20))
                .run()
                .refuses(1, fifo.toString());
    }
}
