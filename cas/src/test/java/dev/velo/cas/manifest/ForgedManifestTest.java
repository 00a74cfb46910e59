package dev.velo.cas.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.cas.Digest;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Manifests whose checksums are right and whose contents are not: only the walk over the entries can find them. */
@Timeout(60)
class ForgedManifestTest {
    /** Puts both checksums right. */
    static byte[] repaired(byte[] bytes) {
        ByteBuffer out = ByteBuffer.wrap(bytes);
        MessageDigest function = Digest.function();
        function.update(bytes, ManifestFormat.HEADER, bytes.length - ManifestFormat.HEADER);
        out.put(ManifestFormat.H_BODY_DIGEST, function.digest());
        function.update(bytes, 0, ManifestFormat.H_CHECKSUM);
        out.put(ManifestFormat.H_CHECKSUM, function.digest(), 0, Long.BYTES);
        return bytes;
    }

    private static int at(int entry, int field) {
        return ManifestFormat.HEADER + entry * ManifestFormat.ENTRY + field;
    }

    private static void refused(Consumer<ByteBuffer> damage) throws Exception {
        byte[] bytes = ManifestTest.goldenBytes();
        damage.accept(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
        assertThatThrownBy(() -> Manifest.fromBytes(repaired(bytes), "hostile"))
                .isInstanceOf(ManifestException.class)
                .hasMessageStartingWith("cannot read manifest hostile: ");
    }

    @Test
    void thePositiveControlIsAccepted() throws Exception {
        assertThat(Manifest.fromBytes(repaired(ManifestTest.goldenBytes()), "control")
                        .entryCount())
                .isEqualTo(11);
    }

    @Test
    void namesThatLeaveTheTree() throws Exception {
        byte[] golden = ManifestTest.goldenBytes();
        int strings = new String(golden, StandardCharsets.ISO_8859_1).indexOf("bin\0");
        refused(b -> b.put(strings, new byte[] {'.', '.', 0}));
        refused(b -> b.put(strings, (byte) '/'));
        refused(b -> b.put(strings + 1, (byte) 0));
        refused(b -> b.putShort(at(1, ManifestFormat.E_NAME_LENGTH), (short) 2));
        refused(b -> b.putShort(at(1, ManifestFormat.E_NAME_LENGTH), (short) 0));
        refused(b -> b.putShort(at(1, ManifestFormat.E_PATH_LENGTH), (short) 2));
    }

    @Test
    void duplicatesAndWrongOrder() throws Exception {
        byte[] golden = ManifestTest.goldenBytes();
        int strings = new String(golden, StandardCharsets.ISO_8859_1).indexOf("same\0");
        refused(b -> b.put(strings, "link".getBytes(StandardCharsets.US_ASCII)));
        refused(b -> b.put(strings, "aaaa".getBytes(StandardCharsets.US_ASCII)));
    }

    @Test
    void parentsAndChildrenThatDoNotAgree() throws Exception {
        refused(b -> b.putInt(at(1, ManifestFormat.E_PARENT), 1));
        refused(b -> b.putInt(at(9, ManifestFormat.E_PARENT), 2));
        refused(b -> b.putInt(at(1, ManifestFormat.E_PARENT), -1));
        refused(b -> b.putInt(at(0, ManifestFormat.E_PARENT), 0));
        refused(b -> b.putInt(at(0, ManifestFormat.E_CHILDREN), Integer.MAX_VALUE));
        refused(b -> b.putInt(at(0, ManifestFormat.E_FIRST_CHILD), -5));
        refused(b -> b.putInt(at(0, ManifestFormat.E_FIRST_CHILD), 0));
        refused(b -> b.putInt(at(1, ManifestFormat.E_CHILDREN), 0));
        refused(b -> b.putInt(at(2, ManifestFormat.E_CHILDREN), 1));
    }

    @Test
    void typesModesAndTimesOutOfRange() throws Exception {
        refused(b -> b.put(at(0, ManifestFormat.E_TYPE), (byte) 2));
        refused(b -> b.put(at(0, ManifestFormat.E_TYPE), (byte) 4));
        refused(b -> b.put(at(2, ManifestFormat.E_TYPE), (byte) 9));
        refused(b -> b.put(at(2, ManifestFormat.E_FLAGS), (byte) 1));
        refused(b -> b.put(at(1, ManifestFormat.E_FLAGS), (byte) 2));
        refused(b -> b.putShort(at(2, ManifestFormat.E_MODE), (short) 010644));
        refused(b -> b.putInt(at(2, ManifestFormat.E_NANOS), 1_000_000_000));
        refused(b -> b.putInt(at(2, ManifestFormat.E_NANOS), -1));
        refused(b -> b.putLong(at(2, ManifestFormat.E_SIZE), -1));
        refused(b -> b.putLong(at(4, ManifestFormat.E_SIZE), 1L << 40));
        refused(b -> b.put(at(2, ManifestFormat.E_RESERVED), (byte) 1));
        refused(b -> b.putInt(at(2, ManifestFormat.E_TARGET), 1));
    }

    @Test
    void countsSlotsAndDigestsThatLie() throws Exception {
        refused(b -> b.putInt(ManifestFormat.H_ENTRIES, Integer.MAX_VALUE));
        refused(b -> b.putInt(ManifestFormat.H_ENTRIES, 0));
        refused(b -> b.putInt(ManifestFormat.H_ENTRIES, -1));
        refused(b -> b.putInt(ManifestFormat.H_SLOTS, 1 << 30));
        refused(b -> b.putLong(ManifestFormat.H_LENGTH, 1));
        refused(b -> b.put(ManifestFormat.H_TREE_DIGEST, (byte) (b.get(ManifestFormat.H_TREE_DIGEST) ^ 1)));
        refused(b -> b.put(ManifestFormat.H_RESERVED, (byte) 1));
        refused(b -> b.put(at(1, ManifestFormat.E_DIGEST), (byte) (b.get(at(1, ManifestFormat.E_DIGEST)) ^ 1)));
        int slots = at(11, 0);
        refused(b -> b.putInt(slots + 4, 10));
        refused(b -> b.putInt(slots, b.getInt(slots) ^ 1));
    }

    /** One digest cannot stand for contents of two sizes. */
    @Test
    void sizesThatContradictEachOther() throws Exception {
        FileNode one = new FileNode(0644, 1, SampleTrees.golden().modified(), SampleTrees.digest("x"));
        FileNode two = new FileNode(0644, 2, SampleTrees.golden().modified(), SampleTrees.digest("x"));
        byte[] bytes =
                ManifestBuilder.encode(SampleTrees.directory(SampleTrees.child("a", one), SampleTrees.child("b", two)));
        assertThatThrownBy(() -> Manifest.fromBytes(bytes, "sizes")).hasMessageContaining("stands for");
    }

    /** Random damage under right checksums: refused, or still a canonical manifest; never another exception, never a hang. */
    @Test
    void randomDamageNeverDoesMoreThanBeRefused() throws Exception {
        Random random = new Random(99);
        byte[] golden = ManifestTest.goldenBytes();
        int refusals = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] bytes = golden.clone();
            for (int change = 0; change <= random.nextInt(3); change++) {
                bytes[12 + random.nextInt(bytes.length - 12)] =
                        (byte) (random.nextInt(4) == 0 ? 0xff : random.nextInt());
            }
            try {
                Manifest manifest = Manifest.fromBytes(repaired(bytes), "random");
                assertThat(ManifestBuilder.encode(manifest.tree())).isEqualTo(bytes);
            } catch (ManifestException e) {
                refusals++;
            }
        }
        assertThat(refusals).isGreaterThan(10_000);
    }
}
