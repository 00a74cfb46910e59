package dev.velo.cas.manifest;

import static dev.velo.cas.manifest.Trees.child;
import static dev.velo.cas.manifest.Trees.directory;
import static dev.velo.cas.manifest.Trees.file;
import static dev.velo.cas.manifest.Trees.link;
import static dev.velo.cas.manifest.Trees.opaque;
import static dev.velo.cas.manifest.Trees.whiteout;

import dev.velo.cas.FileName;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;

/** The trees of the golden files in src/test/resources/golden: {@code NAME.velo}, and {@code NAME.txt} that describes it. */
enum GoldenTree {
    /** Nothing but a root. */
    EMPTY(new DirectoryNode(0755, new Timestamp(0, 0), false, List.of())),

    /** Every field at its edges. */
    TREE(tree()),

    /** What the upper layer of a run leaves. */
    LAYER(opaque(
            child("etc", opaque(child("hosts", file("127.0.0.1 localhost\n")), child("passwd", whiteout()))),
            child("gone", whiteout()),
            child("usr", directory(child("bin", directory(child("sh", whiteout())))))));

    private final DirectoryNode root;

    GoldenTree(DirectoryNode root) {
        this.root = root;
    }

    DirectoryNode root() {
        return root;
    }

    byte[] bytes() {
        return resource(name().toLowerCase(Locale.ROOT) + ".velo");
    }

    byte[] description() {
        return resource(name().toLowerCase(Locale.ROOT) + ".txt");
    }

    private static byte[] resource(String name) {
        try (InputStream in = GoldenTree.class.getResourceAsStream("/golden/" + name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static DirectoryNode tree() {
        FileNode hello = file("hello\n");
        byte[] latin1 = {'c', 'a', 'f', (byte) 0xe9};
        byte[] edges = {1, ' ', (byte) 0xff};
        return new DirectoryNode(
                01777,
                Trees.TIME,
                false,
                List.of(
                        new DirectoryNode.Child(FileName.of(edges), file("")),
                        child(".hidden", new FileNode(0, 6, new Timestamp(-1, 999_999_999), hello.digest())),
                        child(
                                "a",
                                directory(
                                        child("b", directory(child("c", hello))),
                                        child("empty", new DirectoryNode(0700, Trees.TIME, false, List.of())),
                                        child("up", link("../../..")))),
                        child("a.b", file("between a and a/b\n")),
                        child(
                                "big",
                                new FileNode(
                                        0444,
                                        Long.MAX_VALUE,
                                        Trees.TIME,
                                        file("of any size").digest())),
                        new DirectoryNode.Child(FileName.of(latin1), link("café")),
                        child(
                                "n".repeat(255),
                                new FileNode(07777, 6, new Timestamp(Long.MIN_VALUE, 0), hello.digest())),
                        child("run", new FileNode(0755, 6, new Timestamp(Long.MAX_VALUE, 1), hello.digest())),
                        child("t", link("t".repeat(SymlinkNode.MAX_TARGET)))));
    }
}
