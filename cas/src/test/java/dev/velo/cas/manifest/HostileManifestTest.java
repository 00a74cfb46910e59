package dev.velo.cas.manifest;

import static dev.velo.cas.manifest.Forgery.field;
import static dev.velo.cas.manifest.Trees.child;
import static dev.velo.cas.manifest.Trees.directory;
import static dev.velo.cas.manifest.Trees.file;
import static dev.velo.cas.manifest.Trees.link;
import static dev.velo.cas.manifest.Trees.whiteout;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Manifests whose checksums are right and whose contents are not. */
class HostileManifestTest {
    // The indices that the format gives to the entries of the tree below.
    private static final int ROOT = 0;
    private static final int DIR = 1;
    private static final int FILE = 2;
    private static final int LONG_NAME = 3;
    private static final int LINK = 4;
    private static final int GONE = 5;
    private static final int BELOW = 6;
    private static final int DEEP = 7;
    private static final int COUNT = 8;

    private static final byte[] HONEST = ManifestBuilder.encode(directory(
            child("a", directory(child("b", directory(child("c", file("deep")))))),
            child("f", file("content")),
            child("hh", file(0755, "program")),
            child("l", link("to/nowhere")),
            child("w", whiteout())));

    record Attack(String what, UnaryOperator<Forgery> change, String says) {
        @Override
        public String toString() {
            return what;
        }
    }

    private static Attack attack(String what, UnaryOperator<Forgery> change, String says) {
        return new Attack(what, change, says);
    }

    static Stream<Attack> attacks() {
        return Stream.of(names(), structure(), values(), tables(), header()).flatMap(each -> each);
    }

    private static Stream<Attack> names() {
        return Stream.of(
                attack("..", f -> f.u16(f.path(LONG_NAME), 0x2e2e), "entry 3 at byte 416: name '..'"),
                attack(".", f -> f.u8(f.path(FILE), '.'), "entry 2 at byte 320: name '.'"),
                attack("absolute", f -> f.u8(f.path(LONG_NAME), '/'), "entry 3 at byte 416: name with a slash"),
                attack("trailing slash", f -> f.u8(f.path(LONG_NAME) + 1, '/'), "name with a slash"),
                attack("NUL", f -> f.u8(f.path(LONG_NAME) + 1, 0), "entry 3 at byte 416: name with a NUL byte"),
                attack("empty name", f -> f.u16(field(FILE, ManifestFormat.E_NAME_LENGTH), 0), "does not continue"),
                attack(
                        "file named as a directory",
                        f -> f.u8(f.path(FILE), 'a'),
                        "children out of order or doubled: a"),
                attack("out of order", f -> f.u8(f.path(GONE), 'b'), "children out of order or doubled: b"),
                attack("path of another parent", f -> f.u8(f.path(BELOW), 'x'), "does not continue its parent's"),
                attack("no slash", f -> f.u8(f.path(BELOW) + 1, 'x'), "does not continue its parent's"),
                attack("no NUL behind a path", f -> f.u8(f.path(FILE) + 1, 'x'), "not in canonical form"));
    }

    private static Stream<Attack> structure() {
        return Stream.of(
                attack("own parent", f -> f.u32(field(DIR, ManifestFormat.E_PARENT), DIR), "does not stand before it"),
                attack(
                        "parents in a circle",
                        f -> f.u32(field(DIR, ManifestFormat.E_PARENT), BELOW)
                                .u32(field(BELOW, ManifestFormat.E_PARENT), DIR),
                        "entry 1 at byte 224: its parent does not stand before it"),
                attack("no parent", f -> f.u32(field(DIR, ManifestFormat.E_PARENT), -1), "does not stand before it"),
                attack(
                        "parent of the root",
                        f -> f.u32(field(ROOT, ManifestFormat.E_PARENT), 0),
                        "not in canonical form"),
                attack("child of a file", f -> f.u32(field(LONG_NAME, ManifestFormat.E_PARENT), FILE), "entry 3"),
                attack(
                        "slices that overlap",
                        f -> f.u32(field(DIR, ManifestFormat.E_FIRST_CHILD), GONE)
                                .u32(field(DIR, ManifestFormat.E_CHILDREN), 2),
                        "entry 1 at byte 224: entry 5 names another parent"),
                attack("child of itself", f -> f.u32(field(ROOT, ManifestFormat.E_FIRST_CHILD), 0), "impossible slice"),
                attack(
                        "children behind the end",
                        f -> f.u32(field(BELOW, ManifestFormat.E_CHILDREN), 2),
                        "impossible slice"),
                attack(
                        "2^31 - 1 children",
                        f -> f.u32(field(BELOW, ManifestFormat.E_CHILDREN), Integer.MAX_VALUE),
                        "impossible slice"),
                attack(
                        "2^32 - 1 children",
                        f -> f.u32(field(BELOW, ManifestFormat.E_CHILDREN), -1),
                        "impossible slice"),
                attack(
                        "an orphan",
                        f -> f.u32(field(BELOW, ManifestFormat.E_CHILDREN), 0)
                                .u32(field(BELOW, ManifestFormat.E_FIRST_CHILD), 0),
                        "impossible slice"),
                attack(
                        "orphans of the root",
                        f -> f.u32(field(ROOT, ManifestFormat.E_CHILDREN), 4),
                        "impossible slice"),
                attack(
                        "children of a link",
                        f -> f.u32(field(LINK, ManifestFormat.E_FIRST_CHILD), DEEP)
                                .u32(field(LINK, ManifestFormat.E_CHILDREN), 1),
                        "entry 4 at byte"),
                attack("a link with contents", f -> f.u8(field(DIR, ManifestFormat.E_TYPE), 3), "link target"),
                attack("a file with contents", f -> f.u8(field(BELOW, ManifestFormat.E_TYPE), 2), "impossible slice"),
                attack("root whiteout", f -> f.u8(field(ROOT, ManifestFormat.E_TYPE), 4), "entry 0"),
                attack("root file", f -> f.u8(field(ROOT, ManifestFormat.E_TYPE), 2), "entry 0"));
    }

    private static Stream<Attack> values() {
        return Stream.of(
                attack(
                        "type 0",
                        f -> f.u8(field(FILE, ManifestFormat.E_TYPE), 0),
                        "entry 2 at byte 320: unknown type 0"),
                attack("type 255", f -> f.u8(field(FILE, ManifestFormat.E_TYPE), 255), "unknown type 255"),
                attack("mode of a file", f -> f.u16(field(FILE, ManifestFormat.E_MODE), 010000), "mode"),
                attack("mode of a directory", f -> f.u16(field(DIR, ManifestFormat.E_MODE), 0xffff), "mode"),
                attack("mode of a link", f -> f.u16(field(LINK, ManifestFormat.E_MODE), 0644), "not in canonical form"),
                attack(
                        "mode of a whiteout",
                        f -> f.u16(field(GONE, ManifestFormat.E_MODE), 1),
                        "not in canonical form"),
                attack("time of a whiteout", f -> f.i64(field(GONE, ManifestFormat.E_SECONDS), 1), "entry 5 at byte"),
                attack("10^9 ns", f -> f.u32(field(FILE, ManifestFormat.E_NANOS), 1_000_000_000), "nanos"),
                attack("-1 ns", f -> f.u32(field(FILE, ManifestFormat.E_NANOS), -1), "nanos"),
                attack("size below 0", f -> f.i64(field(FILE, ManifestFormat.E_SIZE), -1), "size"),
                attack("size of a directory", f -> f.i64(field(DIR, ManifestFormat.E_SIZE), 4096), "not in canonical"),
                attack("opaque file", f -> f.u8(field(FILE, ManifestFormat.E_FLAGS), 1), "not in canonical form"),
                attack("unknown flag", f -> f.u8(field(DIR, ManifestFormat.E_FLAGS), 2), "not in canonical form"),
                attack("digest of a link", f -> f.u8(field(LINK, ManifestFormat.E_DIGEST), 1), "not in canonical form"),
                attack("reserved bytes", f -> f.u8(field(FILE, ManifestFormat.E_RESERVED), 1), "entry 2 at byte 400"),
                attack(
                        "wrong Merkle digest",
                        f -> f.u8(field(DIR, ManifestFormat.E_DIGEST), 1),
                        "not in canonical form"),
                attack("digest that Merkle digests hide", f -> f.u8(field(DEEP, ManifestFormat.E_DIGEST), 1), "entry"),
                attack("target of 0 bytes", f -> f.i64(field(LINK, ManifestFormat.E_SIZE), 0), "impossible length"),
                attack(
                        "target of 4096 bytes",
                        f -> f.i64(field(LINK, ManifestFormat.E_SIZE), 4096),
                        "impossible length"),
                attack("target of 2^63 bytes", f -> f.i64(field(LINK, ManifestFormat.E_SIZE), 1L << 63), "impossible"),
                attack("NUL in a target", f -> f.u8(f.path(LINK) + 3, 0), "link target with a NUL byte"));
    }

    private static Stream<Attack> tables() {
        return Stream.of(
                attack(
                        "path behind the end",
                        f -> f.u32(field(FILE, ManifestFormat.E_PATH), 1 << 20),
                        "not where it must"),
                attack(
                        "path before the start",
                        f -> f.u32(field(FILE, ManifestFormat.E_PATH), -1),
                        "not where it must"),
                attack("shared path", f -> f.u32(field(FILE, ManifestFormat.E_PATH), 0), "not where it must"),
                attack("long path", f -> f.u16(field(DEEP, ManifestFormat.E_PATH_LENGTH), 0xffff), "not where it must"),
                attack("path of the root", f -> f.u32(field(ROOT, ManifestFormat.E_PATH), 1), "not in canonical form"),
                attack(
                        "length of the root",
                        f -> f.u16(field(ROOT, ManifestFormat.E_PATH_LENGTH), 1),
                        "not in canonical"),
                attack(
                        "target behind the end",
                        f -> f.u32(field(LINK, ManifestFormat.E_TARGET), 1 << 20),
                        "behind the end"),
                attack(
                        "target before the start",
                        f -> f.u32(field(LINK, ManifestFormat.E_TARGET), -1),
                        "behind the end"),
                attack(
                        "target elsewhere",
                        f -> f.u32(field(LINK, ManifestFormat.E_TARGET), 0),
                        "entry 4 at byte 512: link target with a NUL byte"),
                attack(
                        "target of a file",
                        f -> f.u32(field(FILE, ManifestFormat.E_TARGET), 1),
                        "not in canonical form"),
                attack(
                        "slot of another entry",
                        f -> f.u32(usedSlot(f) + 4, COUNT - 1 - (f.u32(usedSlot(f) + 4) & 1)),
                        "byte"),
                attack(
                        "slot behind the entries",
                        f -> f.u32(usedSlot(f) + 4, Integer.MAX_VALUE),
                        "not in canonical form"),
                attack("wrong tag", f -> f.u32(usedSlot(f), ~f.u32(usedSlot(f))), "not in canonical form"),
                attack("tag of an empty slot", f -> f.u32(emptySlot(f), 1), "not in canonical form"),
                attack("no empty slot", HostileManifestTest::fill, "not in canonical form"));
    }

    private static Stream<Attack> header() {
        return Stream.of(
                attack("no entries", f -> f.u32(ManifestFormat.H_ENTRIES, 0), "impossible number of entries"),
                attack(
                        "2^31 - 1 entries",
                        f -> f.u32(ManifestFormat.H_ENTRIES, Integer.MAX_VALUE),
                        "impossible number"),
                attack("2^32 - 1 entries", f -> f.u32(ManifestFormat.H_ENTRIES, -1), "impossible number of entries"),
                attack("one entry less", f -> f.u32(ManifestFormat.H_ENTRIES, COUNT - 1), "byte"),
                attack("more slots", f -> f.u32(ManifestFormat.H_SLOTS, 32), "impossible number of entries or slots"),
                attack(
                        "2^31 slots",
                        f -> f.u32(ManifestFormat.H_SLOTS, 1 << 31),
                        "impossible number of entries or slots"),
                attack("no slots", f -> f.u32(ManifestFormat.H_SLOTS, 0), "impossible number of entries or slots"),
                attack(
                        "another length",
                        f -> f.i64(ManifestFormat.H_LENGTH, 1L << 40),
                        "the file should have 1099511627776"),
                attack("wrong root", f -> f.u8(ManifestFormat.H_TREE_DIGEST, 1), "byte 64: not in canonical form"),
                attack("reserved header", f -> f.u8(ManifestFormat.H_RESERVED, 1), "byte 96: not in canonical form"));
    }

    private static int usedSlot(Forgery f) {
        int slot = 0;
        while (f.u32(f.slot(slot) + 4) == 0) {
            slot++;
        }
        return f.slot(slot);
    }

    private static int emptySlot(Forgery f) {
        int slot = 0;
        while (f.u32(f.slot(slot) + 4) != 0) {
            slot++;
        }
        return f.slot(slot);
    }

    private static Forgery fill(Forgery f) {
        for (int slot = 0; slot < ManifestFormat.slots(COUNT); slot++) {
            f.u32(f.slot(slot) + 4, 1);
        }
        return f;
    }

    @Test
    void theHonestManifestPasses() {
        assertThatCode(() -> Manifest.fromBytes(new Forgery(HONEST).repaired(), "honest.velo"))
                .doesNotThrowAnyException();
    }

    @ParameterizedTest
    @MethodSource("attacks")
    void isRefused(Attack attack) {
        byte[] forged = attack.change().apply(new Forgery(HONEST)).repaired();
        assertThat(forged).isNotEqualTo(HONEST);
        assertThat(catchThrowable(() -> Manifest.fromBytes(forged, "evil.velo")))
                .isInstanceOf(ManifestException.class)
                .hasMessageStartingWith("cannot read manifest evil.velo: ")
                .hasMessageContaining(attack.says())
                .hasMessageEndingWith("; fetch the manifest again or ingest the tree again");
    }

    @Test
    void anotherVersionIsNamed() {
        byte[] newer = new Forgery(HONEST).u32(ManifestFormat.H_VERSION, 2).repaired();
        assertThat(catchThrowable(() -> Manifest.fromBytes(newer, "new.velo")))
                .isInstanceOf(ManifestException.class)
                .hasMessage("cannot read manifest new.velo: it has format 2 and digest function 1, "
                        + "this velo reads format 1 with function 1; use a newer velo");
        byte[] other = new Forgery(HONEST).u32(ManifestFormat.H_FUNCTION, 2).repaired();
        assertThat(catchThrowable(() -> Manifest.fromBytes(other, "other.velo")))
                .isInstanceOf(ManifestException.class)
                .hasMessageContaining("digest function 2");
    }

    @Test
    void oneContentHasOneSize() {
        FileNode small = file("content");
        FileNode large = new FileNode(0644, 8, Trees.TIME, small.digest());
        byte[] bytes = ManifestBuilder.encode(directory(child("a", small), child("b", large)));
        assertThat(catchThrowable(() -> Manifest.fromBytes(bytes, "evil.velo")))
                .isInstanceOf(ManifestException.class)
                .hasMessageContaining("stands for 7 bytes and for 8");
    }

    /** Whatever is done to a manifest: it is refused with a message, or it is the one manifest of the tree that it is read as. */
    @Test
    void randomForgeriesAreRefusedOrCanonical() throws Exception {
        Random random = new Random(4711);
        int[] edges = {0, 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE, 7, 8, 0xffff, 128, 0x2e2e2e2e};
        byte[][] honest = {HONEST, GoldenTree.TREE.bytes(), GoldenTree.LAYER.bytes()};
        int refused = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] start = honest[round % honest.length];
            Forgery forgery = new Forgery(start);
            for (int edit = random.nextInt(4); edit >= 0; edit--) {
                int at = ManifestFormat.H_LENGTH + random.nextInt(start.length - ManifestFormat.H_LENGTH - 4);
                if (random.nextBoolean()) {
                    forgery.u32(at & ~3, edges[random.nextInt(edges.length)]);
                } else {
                    forgery.u8(at, random.nextInt(256));
                }
            }
            byte[] forged = forgery.repaired();
            try {
                assertThat(ManifestBuilder.encode(
                                Manifest.fromBytes(forged, "forged").tree()))
                        .isEqualTo(forged);
            } catch (ManifestException e) {
                assertThat(e.getMessage())
                        .startsWith("cannot read manifest forged: ")
                        .doesNotContain("\n", "null");
                refused++;
            }
        }
        assertThat(refused).isGreaterThan(15_000);
    }
}
