package dev.velo.cas.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.Digest;
import dev.velo.cas.TreePath;
import dev.velo.cas.VeloException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ManifestTest {
    @TempDir
    Path temp;

    static byte[] goldenBytes() throws Exception {
        try (InputStream in = ManifestTest.class.getResourceAsStream("/golden/sample.velo")) {
            return in.readAllBytes();
        }
    }

    @Test
    void theGoldenFileIsWhatTheTreeGives() throws Exception {
        assertThat(ManifestBuilder.encode(SampleTrees.golden())).isEqualTo(goldenBytes());
        Manifest manifest = Manifest.fromBytes(goldenBytes(), "golden");
        assertThat(manifest.tree()).isEqualTo(SampleTrees.golden());
        assertThat(manifest.digest()).isEqualTo(Digest.of(goldenBytes()));
        assertThat(manifest.count(EntryType.WHITEOUT)).isEqualTo(1);
        assertThat(manifest.entryCount()).isEqualTo(11);
    }

    @Test
    void contentsAreListedOnceWithTheirUses() throws Exception {
        Manifest manifest = Manifest.fromBytes(goldenBytes(), "golden");
        Manifest.Content script = manifest.contents().stream()
                .filter(content -> content.digest().equals(SampleTrees.digest("#!/bin/sh\n")))
                .findFirst()
                .orElseThrow();
        assertThat(script.plain()).isTrue();
        assertThat(script.executable()).isTrue();
        assertThat(manifest.contents()).hasSize(4);
        assertThat(manifest.contentBytes()).isEqualTo(10 + 10 + 4 + 3);
    }

    @Test
    void randomTreesComeBackAndEveryPathIsFound() throws Exception {
        Random random = new Random(4711);
        for (int round = 0; round < 200; round++) {
            DirectoryNode tree = SampleTrees.random(random, random.nextInt(120));
            Manifest manifest = Manifest.fromBytes(ManifestBuilder.encode(tree), "random");
            assertThat(manifest.tree()).isEqualTo(tree);
            Set<TreePath> paths = new HashSet<>();
            for (int i = 0; i < manifest.entryCount(); i++) {
                Entry entry = manifest.entry(i);
                assertThat(paths.add(entry.path())).isTrue();
                assertThat(manifest.find(entry.path()).orElseThrow().index()).isEqualTo(i);
            }
            for (int miss = 0; miss < 50; miss++) {
                TreePath path = TreePath.parse("no/such-" + random.nextLong());
                assertThat(manifest.find(path)).isEmpty();
            }
        }
    }

    @Test
    void aDeepTreeIsHeldAndOneTooDeepIsRefused() throws Exception {
        assertThat(Manifest.fromBytes(ManifestBuilder.encode(deep(20_000)), "deep")
                        .entryCount())
                .isEqualTo(20_001);
        assertThatThrownBy(() -> ManifestBuilder.encode(deep(40_000))).hasMessageContaining("longer than 65535");
    }

    private static DirectoryNode deep(int levels) {
        DirectoryNode at = SampleTrees.directory();
        for (int i = 0; i < levels; i++) {
            at = SampleTrees.directory(SampleTrees.child("d", at));
        }
        return at;
    }

    @Test
    void everyTruncationIsRefused() throws Exception {
        byte[] golden = goldenBytes();
        for (int length = 0; length < golden.length; length++) {
            byte[] cut = Arrays.copyOf(golden, length);
            assertThatThrownBy(() -> Manifest.fromBytes(cut, "cut.velo"))
                    .isInstanceOf(ManifestException.class)
                    .hasMessageContaining("cut.velo");
        }
    }

    @Test
    void everyFlippedBitIsRefused() throws Exception {
        byte[] golden = goldenBytes();
        for (int bit = 0; bit < 8 * golden.length; bit++) {
            byte[] bytes = golden.clone();
            bytes[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> Manifest.fromBytes(bytes, "flipped.velo"))
                    .isInstanceOf(ManifestException.class)
                    .hasMessageMatching("cannot read manifest flipped.velo: .*; .*");
        }
    }

    @Test
    void saysWhatIsWrongWithAFile() throws Exception {
        Path file = temp.resolve("x.velo");
        assertThatThrownBy(() -> Manifest.open(file)).hasMessageContaining("no such file");
        assertThatThrownBy(() -> Manifest.open(temp)).hasMessageContaining("not a regular file");
        Files.writeString(file, "#!/bin/sh\n");
        assertThatThrownBy(() -> Manifest.open(file)).hasMessageContaining("not a Velo manifest");
        byte[] newer = goldenBytes();
        newer[ManifestFormat.H_VERSION] = 2;
        Files.write(file, ForgedManifestTest.repaired(newer));
        assertThatThrownBy(() -> Manifest.open(file))
                .hasMessageContaining("format 2")
                .hasMessageContaining("newer");
    }

    @Test
    void writingLeavesAWholeFileOrTheOldOne() throws Exception {
        Path file = temp.resolve("m.velo");
        Files.writeString(file, "old");
        Digest digest = ManifestFile.write(SampleTrees.golden(), file);
        assertThat(digest).isEqualTo(Digest.of(goldenBytes()));
        assertThat(temp.toFile().list()).containsExactly("m.velo");
        Path directory = Files.createDirectories(temp.resolve("full/inside"));
        assertThatThrownBy(() -> ManifestFile.write(goldenBytes(), directory.getParent()))
                .isInstanceOf(VeloException.class)
                .hasMessageStartingWith("cannot write manifest");
        assertThat(temp.toFile().list()).containsExactlyInAnyOrder("m.velo", "full");
    }

    @Test
    void layersAreMergedAsAnOverlayShowsThem() {
        DirectoryNode base = SampleTrees.directory(
                SampleTrees.child("a", SampleTrees.file("base", 0644)),
                SampleTrees.child("d", SampleTrees.directory(SampleTrees.child("x", SampleTrees.file("x", 0644)))),
                SampleTrees.child("o", SampleTrees.directory(SampleTrees.child("y", SampleTrees.file("y", 0644)))),
                SampleTrees.child("w", SampleTrees.directory()));
        DirectoryNode opaque = new DirectoryNode(
                0700,
                SampleTrees.golden().modified(),
                true,
                List.of(SampleTrees.child("z", SampleTrees.file("z", 0644))));
        DirectoryNode upper = SampleTrees.directory(
                SampleTrees.child("a", SampleTrees.file("upper", 0644)),
                SampleTrees.child("d", SampleTrees.directory(SampleTrees.child("x2", SampleTrees.file("2", 0644)))),
                SampleTrees.child("o", opaque),
                SampleTrees.child("w", new WhiteoutNode()));
        DirectoryNode merged = LayerMerge.merge(List.of(base, upper));
        List<String> paths = new ArrayList<>();
        merged.children().forEach(child -> paths.add(child.name().toString()));
        assertThat(paths).containsExactly("a", "d", "o");
        assertThat(((FileNode) merged.children().get(0).node()).digest()).isEqualTo(SampleTrees.digest("upper"));
        assertThat(((DirectoryNode) merged.children().get(1).node()).children()).hasSize(2);
        DirectoryNode o = (DirectoryNode) merged.children().get(2).node();
        assertThat(o.children()).hasSize(1);
        assertThat(o.opaque()).isFalse();
        assertThat(o.mode()).isEqualTo(0700);
        assertThat(LayerMerge.merge(List.of(deep(20_000), deep(20_000)))).isNotNull();
    }

    @Test
    void differencesAreNamedAndEqualTreesHaveNone() throws Exception {
        Manifest before = manifest(SampleTrees.directory(
                SampleTrees.child("a", SampleTrees.file("1", 0644)),
                SampleTrees.child("b", SampleTrees.file("1", 0644)),
                SampleTrees.child("c", SampleTrees.directory(SampleTrees.child("x", SampleTrees.file("1", 0644)))),
                SampleTrees.child("t", SampleTrees.file("1", 0644))));
        Manifest after = manifest(SampleTrees.directory(
                SampleTrees.child("a", SampleTrees.file("2", 0644)),
                SampleTrees.child("b", SampleTrees.file("1", 0600)),
                SampleTrees.child("n", SampleTrees.file("1", 0644)),
                SampleTrees.child("t", SampleTrees.directory())));
        assertThat(ManifestDiff.between(before, after))
                .extracting(difference -> difference.kind() + " " + difference.path())
                .containsExactly(
                        "MODIFIED /a", "METADATA /b", "REMOVED /c", "REMOVED /c/x", "ADDED /n", "TYPE_CHANGED /t");
        assertThat(ManifestDiff.between(before, before)).isEmpty();
    }

    private static Manifest manifest(DirectoryNode tree) throws ManifestException {
        return Manifest.fromBytes(ManifestBuilder.encode(tree), "test");
    }
}
