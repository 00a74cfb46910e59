package dev.velo.cas.manifest;

import java.nio.charset.StandardCharsets;

/** The numbers of manifest format 1: docs/formats/manifest.md. */
final class ManifestFormat {
    static final byte[] MAGIC = "VELOTREE".getBytes(StandardCharsets.US_ASCII);
    static final int VERSION = 1;
    static final int SHA_256 = 1;

    static final int HEADER = 128;
    static final int H_VERSION = 8;
    static final int H_FUNCTION = 12;
    static final int H_LENGTH = 16;
    static final int H_ENTRIES = 24;
    static final int H_SLOTS = 28;
    static final int H_BODY_DIGEST = 32;
    static final int H_TREE_DIGEST = 64;
    static final int H_RESERVED = 96;
    static final int H_CHECKSUM = 120;

    static final int ENTRY = 96;
    static final int E_PATH = 0;
    static final int E_PATH_LENGTH = 4;
    static final int E_NAME_LENGTH = 6;
    static final int E_TYPE = 8;
    static final int E_FLAGS = 9;
    static final int E_MODE = 10;
    static final int E_PARENT = 12;
    static final int E_FIRST_CHILD = 16;
    static final int E_CHILDREN = 20;
    static final int E_SIZE = 24;
    static final int E_SECONDS = 32;
    static final int E_NANOS = 40;
    static final int E_TARGET = 44;
    static final int E_DIGEST = 48;
    static final int E_RESERVED = 80;

    static final int OPAQUE = 1;
    static final int NO_PARENT = -1;
    static final int SYMLINK_MODE = 0777;
    static final int SLOT = 8;

    /** The longest file that one Java array holds; the format itself allows more. */
    static final int MAX_FILE = Integer.MAX_VALUE - 16;

    private ManifestFormat() {}

    /** The offset of an entry in the file. */
    static int entry(int index) {
        return HEADER + index * ENTRY;
    }

    /** The smallest power of two with 2s >= 3n, at least 2. */
    static int slots(int entries) {
        long slots = 2;
        while (2 * slots < 3L * entries) {
            slots *= 2;
        }
        return Math.toIntExact(slots);
    }
}
