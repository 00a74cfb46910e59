package dev.velo.cas.manifest;

import dev.velo.cas.Digest;
import dev.velo.cas.VeloException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;

/** Writes manifest files: whole or not at all. */
public final class ManifestFile {
    private ManifestFile() {}

    /** Encodes a tree and writes it. */
    public static Digest write(DirectoryNode root, Path file) throws VeloException {
        return write(ManifestBuilder.encode(root), file);
    }

    /**
     * Writes a temporary file beside the target, syncs it, renames it over the target and syncs the directory, so that a crash leaves the
     * old file or the new one.
     *
     * @return the digest of the bytes
     */
    public static Digest write(byte[] manifest, Path file) throws VeloException {
        Path target = file.toAbsolutePath();
        Path staged = target.resolveSibling("." + target.getFileName() + "."
                + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()));
        try {
            try (FileChannel out = FileChannel.open(staged, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                ByteBuffer content = ByteBuffer.wrap(manifest);
                while (content.hasRemaining()) {
                    out.write(content);
                }
                out.force(true);
            }
            Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            try (FileChannel directory = FileChannel.open(target.getParent(), StandardOpenOption.READ)) {
                directory.force(true);
            }
            return Digest.of(manifest);
        } catch (IOException e) {
            removeQuietly(staged);
            throw new VeloException(
                    "cannot write manifest " + file + ": " + e.getMessage(),
                    "name a file in a directory where you may write and where there is space",
                    e);
        }
    }

    private static void removeQuietly(Path staged) {
        try {
            Files.deleteIfExists(staged);
        } catch (IOException e) {
            // The failure that led here is the one to report.
        }
    }
}
