package dev.velo.cas.manifest;

/** Makes the canonical bytes of a tree. */
public final class ManifestBuilder {
    private ManifestBuilder() {}

    /**
     * The manifest of a tree: the same tree always gives the same bytes.
     *
     * @throws IllegalArgumentException where a path is longer than the format allows
     */
    public static byte[] encode(DirectoryNode root) {
        throw new UnsupportedOperationException();
    }
}
