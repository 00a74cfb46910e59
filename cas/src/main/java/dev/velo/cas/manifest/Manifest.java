package dev.velo.cas.manifest;

import dev.velo.cas.Digest;
import dev.velo.cas.TreePath;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A manifest file, mapped read-only and proven well-formed. Immutable, safe for use by many threads. Format: docs/formats/manifest.md.
 */
public final class Manifest {
    /** Maps a file and checks all of it: checksums, structure, canonical form. */
    public static Manifest open(Path file) throws ManifestException {
        throw new UnsupportedOperationException();
    }

    public record Content(Digest digest, long size, boolean plain, boolean executable, TreePath firstPath) {}

    public static Manifest fromBytes(byte[] bytes, String name) throws ManifestException {
        throw new UnsupportedOperationException();
    }

    public List<Content> contents() {
        throw new UnsupportedOperationException();
    }
    /** SHA-256 of the file's bytes: the identity of the manifest. */
    public Digest digest() {
        throw new UnsupportedOperationException();
    }

    /** Merkle digest of the root directory. */
    public Digest treeDigest() {
        throw new UnsupportedOperationException();
    }

    /** Number of entries, the root included. */
    public int entryCount() {
        throw new UnsupportedOperationException();
    }

    /** The entry at a place, in the order of the format: breadth first, children of one directory side by side. */
    public Entry entry(int index) {
        throw new UnsupportedOperationException();
    }

    public Optional<Entry> find(TreePath path) {
        throw new UnsupportedOperationException();
    }

    /** The children of a directory in ascending order; empty for every other type. */
    public List<Entry> children(Entry directory) {
        throw new UnsupportedOperationException();
    }

    /** The whole tree as a value. */
    public DirectoryNode tree() {
        throw new UnsupportedOperationException();
    }
}
