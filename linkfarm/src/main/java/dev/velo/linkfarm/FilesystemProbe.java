package dev.velo.linkfarm;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Finds by trying what the store's file system can do: names of file systems and versions of kernels prove nothing. */
public final class FilesystemProbe {
    /**
     * What was found.
     *
     * @param links a second name for an inode can be made
     * @param clones blocks can be shared between inodes
     */
    public record Abilities(boolean links, boolean clones) {
        /** The cheapest placement that works. */
        public Placement best() {
            if (links) {
                return Placement.HARDLINK;
            }
            return clones ? Placement.REFLINK : Placement.COPY;
        }

        boolean can(Placement placement) {
            return placement == Placement.COPY || (placement == Placement.HARDLINK ? links : clones);
        }
    }

    private final FileOps files;

    public FilesystemProbe(FileOps files) {
        this.files = files;
    }

    /** Tries in an empty directory, and leaves it empty. */
    public Abilities probe(int directory) throws IOException {
        byte[] original = name("probe");
        byte[] linked = name("probe-link");
        byte[] cloned = name("probe-clone");
        try (Descriptor file = files.createFile(directory, original, 0600)) {
            files.write(file.number(), ByteBuffer.allocateDirect(4096));
            boolean links = succeeds(() -> files.link(directory, original, directory, linked));
            boolean clones;
            try (Descriptor clone = files.createFile(directory, cloned, 0600)) {
                clones = succeeds(() -> files.clone(file.number(), clone.number()));
            }
            if (links) {
                files.unlink(directory, linked);
            }
            files.unlink(directory, cloned);
            files.unlink(directory, original);
            return new Abilities(links, clones);
        }
    }

    private interface Attempt {
        void run() throws IOException;
    }

    private static boolean succeeds(Attempt attempt) throws IOException {
        try {
            attempt.run();
            return true;
        } catch (ErrnoException e) {
            return false;
        }
    }

    private static byte[] name(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
