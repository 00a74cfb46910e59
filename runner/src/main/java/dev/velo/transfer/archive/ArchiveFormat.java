package dev.velo.transfer.archive;

import dev.velo.cas.Digest;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.Set;

/** The names in an archive, a directory or a tar file alike. The only class that knows them. */
final class ArchiveFormat {
    static final String MARKER = "velo-archive";
    static final String MARKER_TEXT = "velo-archive 1\n";
    static final String BLOBS = "blobs/sha256";
    static final String MANIFESTS = "manifests";
    static final Set<String> DIRECTORIES = Set.of("blobs", BLOBS, MANIFESTS);

    private static final String SUFFIX = ".velo";

    private ArchiveFormat() {}

    static String blob(Digest digest) {
        return BLOBS + "/" + digest.toHex();
    }

    static String manifest(Digest digest) {
        return MANIFESTS + "/" + digest.toHex() + SUFFIX;
    }

    /** The blob that a name stands for, empty where it stands for none. */
    static Optional<Digest> blobOf(String name) {
        return digest(name, BLOBS + "/", "");
    }

    /** The manifest that a name stands for, empty where it stands for none. */
    static Optional<Digest> manifestOf(String name) {
        return digest(name, MANIFESTS + "/", SUFFIX);
    }

    private static Optional<Digest> digest(String name, String prefix, String suffix) {
        if (!name.startsWith(prefix) || !name.endsWith(suffix) || name.length() < prefix.length() + suffix.length()) {
            return Optional.empty();
        }
        String hex = name.substring(prefix.length(), name.length() - suffix.length());
        return Digest.isHex(hex) ? Optional.of(Digest.fromHex(hex)) : Optional.empty();
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
