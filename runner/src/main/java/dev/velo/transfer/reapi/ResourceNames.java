package dev.velo.transfer.reapi;

import dev.velo.transfer.Blob;
import java.nio.charset.StandardCharsets;
import java.util.UUID;

/** The names of blobs in streams: facts of the protocol. */
final class ResourceNames {
    private final String prefix;

    ResourceNames(String instance) {
        this.prefix = instance.isEmpty() ? "" : instance + "/";
    }

    String read(Blob blob, boolean compressed) {
        return prefix + kind(compressed) + blob;
    }

    String write(Blob blob, boolean compressed, UUID upload) {
        return prefix + "uploads/" + upload + "/" + kind(compressed) + blob;
    }

    /**
     * The name of an upload. The same store, blob and server give the same again, so that a push that was killed is found and continued.
     *
     * @param origin what tells this store from every other
     */
    static UUID upload(String origin, Blob blob) {
        return UUID.nameUUIDFromBytes((origin + " " + blob).getBytes(StandardCharsets.UTF_8));
    }

    private static String kind(boolean compressed) {
        return compressed ? "compressed-blobs/zstd/" : "blobs/";
    }
}
