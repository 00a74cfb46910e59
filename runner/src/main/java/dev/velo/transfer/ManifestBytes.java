package dev.velo.transfer;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;

/** Reads a manifest that somebody else sends. */
public final class ManifestBytes {
    /** No manifest is larger: docs/formats/manifest.md. */
    private static final long LIMIT = Integer.MAX_VALUE - 16;

    private static final int STEP = 64 << 10;

    private ManifestBytes() {}

    /**
     * Exactly {@code size} bytes. Memory is taken for what has arrived, not for what was promised.
     *
     * @param from the other side, for messages
     */
    public static byte[] read(InputStream in, long size, String from) throws TransferException, IOException {
        if (size > LIMIT) {
            throw new TransferException(
                    "cannot pull from " + from + ": " + size + " bytes are more than a manifest can have",
                    "give the reference that velo push printed");
        }
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            byte[] chunk = new byte[STEP];
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
                bytes.write(chunk, 0, count);
                if (bytes.size() > size) {
                    break;
                }
            }
            if (bytes.size() != size) {
                throw new TransferException(
                        "cannot pull from " + from + ": its manifest has "
                                + (bytes.size() > size ? "more than " : bytes.size() + " of ") + size + " bytes",
                        "give the reference that velo push printed, or push the manifest again");
            }
            return bytes.toByteArray();
        } catch (OutOfMemoryError e) {
            throw new TransferException(
                    "cannot pull from " + from + ": a manifest of " + size + " bytes does not fit into memory",
                    "give Java a larger heap with JAVA_TOOL_OPTIONS=-Xmx",
                    e);
        }
    }
}
