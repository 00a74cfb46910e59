package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Manifests carried by hand: as a directory or a tar file. */
@Tag("once")
class ArchiveIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private static final String TREE = """
            mkdir -p bin d; printf '#!/bin/sh\\necho hello\\n' >bin/greet; chmod 755 bin/greet; : >empty
            for i in $(seq 20); do echo "content $i" >d/f$i; done; ln -s empty link; head -c 3000000 /dev/urandom >random
            """;

    private Path other() {
        return work.store().resolveSibling("other");
    }

    private JsonObject push(Path manifest, Path archive) {
        return work.velo("push", manifest.toString(), "--archive", archive.toString(), "--json")
                .run()
                .succeeds()
                .json();
    }

    private Command pull(Path archive, Path output, String... more) {
        List<String> argv =
                new ArrayList<>(List.of("pull", "--archive", archive.toString(), "-o", output.toString(), "--json"));
        argv.addAll(List.of(more));
        return work.velo(argv.toArray(String[]::new)).with("VR_THE_SOURCE", other().toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.tar", "a"})
    void thereAndBack(String name) {
        Path tree = work.tree(TREE);
        Path manifest = work.ingest(tree);
        Path archive = work.dir("archive").resolve(name);
        assertThat(push(manifest, archive).get("moved_blobs").getAsInt()).isEqualTo(22);
        Path arrived = work.dir("m").resolve("m.velo");
        assertThat(pull(archive, arrived)
                        .run()
                        .succeeds()
                        .json()
                        .get("moved_blobs")
                        .getAsInt())
                .isEqualTo(22);
        assertThat(arrived).hasSameBinaryContentAs(manifest);
        assertThat(pull(archive, arrived)
                        .run()
                        .succeeds()
                        .json()
                        .get("moved_blobs")
                        .getAsInt())
                .isZero();
        work.velo("verify").with("VR_THE_SOURCE", other().toString()).run().succeeds();
        Path copy = work.dir("copy").resolve("tree");
        work.velo("export", arrived.toString(), copy.toString())
                .with("VR_THE_SOURCE", other().toString())
                .run()
                .succeeds();
        assertThat(Snapshot.of(work, copy)).isEqualTo(Snapshot.of(work, tree));
    }

    @Test
    void theSameManifestGivesTheSameBytesThatEveryTarReads() {
        Path manifest = work.ingest(work.tree(TREE));
        Path dir = work.dir("archive");
        push(manifest, dir.resolve("a.tar"));
        work.sh(dir, "sleep 1.1");
        push(manifest, dir.resolve("b.tar"));
        assertThat(dir.resolve("a.tar")).hasSameBinaryContentAs(dir.resolve("b.tar"));
        work.sh(dir, """
                tar xf a.tar; test "$(cat velo-archive)" = 'velo-archive 1'
                cd blobs/sha256; for f in *; do echo "$f  $f"; done | sha256sum -c --quiet
                cd ../../manifests; for f in *; do echo "${f%.velo}  $f"; done | sha256sum -c --quiet
                cmp * "$1"
                """, manifest);
        // And what tar made of it is an archive again, as a directory and as a tar file of tar's own.
        work.sh(dir, "rm *.tar; tar cf ../c.tar -C . .; mv ../c.tar c.tar; mkdir d; tar xf c.tar -C d");
        pull(dir.resolve("c.tar"), dir.resolve("c.velo")).run().succeeds();
        pull(dir.resolve("d"), dir.resolve("d.velo")).run().succeeds();
    }

    @Test
    void aDirectoryHoldsSeveralAndTakesOnlyWhatIsNew() throws Exception {
        Path first = work.ingest(work.tree("echo 1 >a; echo 2 >b"));
        Path second = work.ingest(work.tree("echo 1 >a; echo 3 >c"));
        Path archive = work.dir("archive");
        push(first, archive);
        JsonObject more = push(second, archive);
        assertThat(more.get("moved_blobs").getAsInt()).isEqualTo(1);
        assertThat(push(second, archive).get("manifest_moved").getAsBoolean()).isFalse();
        Path output = work.dir("m").resolve("m.velo");
        String digest = more.get("digest").getAsString();
        pull(archive, output).run().refuses(1, "holds 2 manifests", digest);
        pull(archive, output, "ab".repeat(32)).run().refuses(1, "does not hold", digest);
        pull(archive, output, digest).run().succeeds();
        assertThat(output).hasSameBinaryContentAs(second);
    }

    @Test
    void whatIsNoArchiveIsLeftAlone() throws Exception {
        Path manifest = work.ingest(work.tree("echo x >x"));
        Path full = work.tree("echo precious >file");
        work.velo("push", manifest.toString(), "--archive", full.toString())
                .run()
                .refuses(1, "neither empty nor an archive");
        assertThat(full).isDirectoryContaining("glob:**/file");
        work.velo("push", manifest.toString(), "--archive", full + "/no/such/a.tar")
                .run()
                .refuses(1, "does not exist");
        work.velo("push", manifest.toString(), "--archive", "/dev/null").run().refuses(1, "/dev/null");
        Path output = work.dir("m").resolve("m.velo");
        for (String bad : new String[] {full.toString(), full + "/file", full + "/none", "/dev/null"}) {
            pull(Path.of(bad), output).run().refuses(1, bad);
        }
        work.sh(full, "mkfifo pipe; mkdir -p a; echo 'velo-archive 2' >a/velo-archive");
        pull(full.resolve("pipe"), output).run().refuses(1, "pipe");
        pull(full.resolve("a"), output).run().refuses(1, "another version");
        assertThat(output).doesNotExist();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ln -sf /etc/passwd blobs/sha256/$1",
                "rm blobs/sha256/$1; mkfifo blobs/sha256/$1",
                "rm blobs/sha256/$1; mkdir blobs/sha256/$1",
                "chmod u+w blobs/sha256/$1; echo fake >blobs/sha256/$1",
                "chmod u+w blobs/sha256/$1; echo too much >>blobs/sha256/$1",
                "chmod u+w blobs/sha256/$1; : >blobs/sha256/$1",
                "rm blobs/sha256/$1",
                "chmod u+w manifests/*; echo more >>manifests/*",
                "chmod u+w manifests/*; for f in manifests/*; do head -c 100 $f >x; mv x $f; done",
                "rm manifests/*; ln -s /dev/zero manifests/$1.velo",
                "rm manifests/*",
                "rm -r manifests"
            })
    void aDamagedDirectory(String damage) {
        Path manifest = work.ingest(work.tree("printf 'real\\n' >x; echo other >y"));
        Path archive = work.dir("archive");
        push(manifest, archive);
        String blob =
                FakeCache.name("real\n".getBytes(StandardCharsets.US_ASCII)).substring(0, 64);
        work.sh(archive, damage, blob);
        isRefused(archive);
    }

    private void isRefused(Path archive) {
        Path output = work.dir("m").resolve("m.velo");
        pull(archive, output).run().refuses(1);
        assertThat(output).doesNotExist();
        work.velo("verify").with("VR_THE_SOURCE", other().toString()).run().succeeds();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mkdir -p ../evil; echo x >../evil/x; tar rf $1 --absolute-names ../evil/x",
                "ln -s /etc link; tar rf $1 link",
                "mkfifo pipe; tar rf $1 pipe",
                "tar xf $1; n=$(printf 'n%.0s' $(seq 200)); echo x >$n; tar cf $1 --format=gnu velo-archive blobs manifests $n",
                "tar xf $1; tar cf $1 --format=pax --pax-option=comment=long velo-archive manifests blobs",
                "n=$(printf 'n%.0s' $(seq 90)); mkdir -p $n/$n; echo x >$n/$n/x; tar rf $1 --format=gnu $n/$n/x"
            })
    void aTarWithStrangers(String script) {
        Path manifest = work.ingest(work.tree("echo x >x"));
        Path dir = work.dir("archive");
        push(manifest, dir.resolve("a.tar"));
        // At the end, behind what is needed: even so it is seen, since the manifest is looked for in all of it.
        work.sh(work.dir("scratch"), script, dir.resolve("a.tar"));
        isRefused(dir.resolve("a.tar"));
    }

    @Test
    void aTarCutOrChangedAnywhere() throws Exception {
        Path manifest = work.ingest(work.tree("echo x >x; seq 1000 >y"));
        Path dir = work.dir("archive");
        Path archive = dir.resolve("a.tar");
        push(manifest, archive);
        byte[] whole = Files.readAllBytes(archive);
        Path damaged = dir.resolve("damaged.tar");
        for (int cut : new int[] {0, 1, 511, 512, 600, 1024, 1500, whole.length - 1024, whole.length / 2}) {
            Files.write(damaged, Arrays.copyOf(whole, cut));
            isRefused(damaged);
        }
        // A bit of: the marker's header, its size, its text, a blob's name, its type, its content.
        for (int at : new int[] {0, 130, 520, 1024 + 20, 1024 + 156, 1536}) {
            byte[] other = whole.clone();
            other[at] ^= 1;
            Files.write(damaged, other);
            isRefused(damaged);
        }
        // A size far behind the end, in a header whose checksum is right.
        work.sh(dir, "truncate -s 300G big; tar cSf - big 2>/dev/null | head -c 100000 >sparse.tar || true");
        isRefusedWithoutStore(dir.resolve("sparse.tar"));
        try (RandomAccessFile zeros =
                new RandomAccessFile(dir.resolve("zeros.tar").toFile(), "rw")) {
            zeros.setLength(1L << 30);
        }
        isRefusedWithoutStore(dir.resolve("zeros.tar"));
    }

    private void isRefusedWithoutStore(Path archive) {
        pull(archive, work.dir("m").resolve("m.velo")).run().refuses(1, "cannot pull from");
    }
}
