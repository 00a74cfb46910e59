package dev.velo.linkfarm;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

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
            return switch (placement) {
                case HARDLINK -> links;
                case REFLINK -> clones;
                case COPY -> true;
                case METADATA -> throw new IllegalArgumentException("found by mounting, not by this");
            };
        }
    }

    private static final byte[] ORIGINAL = name("probe");
    private static final byte[] LINKED = name("probe-link");
    private static final byte[] CLONED = name("probe-clone");

    private final FileOps files;

    public FilesystemProbe(FileOps files) {
        this.files = files;
    }

    /** Tries in an empty directory, and leaves it empty. */
    public Abilities probe(int directory) throws IOException {
        return probe(directory, directory, Optional.empty());
    }

    /**
     * As {@link #probe(int)}, with a file that is there already: its inode may be immutable (chattr(1)), belong to somebody else
     * (fs.protected_hardlinks), or be on another file system than the directory.
     *
     * @param sample below {@code sampleDirectory}; empty where there is no such file, and then one is made in the directory
     */
    public Abilities probe(int directory, int sampleDirectory, Optional<byte[]> sample) throws IOException {
        boolean links;
        boolean clones;
        try (Descriptor file = files.createFile(directory, ORIGINAL, 0600)) {
            files.write(file.number(), ByteBuffer.allocateDirect(4096));
            links = sample.isPresent()
                    ? links(sampleDirectory, sample.get(), directory)
                    : links(directory, ORIGINAL, directory);
            try (Descriptor clone = files.createFile(directory, CLONED, 0600)) {
                clones = sample.isPresent()
                        ? clones(sampleDirectory, sample.get(), clone)
                        : succeeds(() -> files.clone(file.number(), clone.number()));
            }
        }
        files.unlink(directory, CLONED);
        files.unlink(directory, ORIGINAL);
        return new Abilities(links, clones);
    }

    private boolean links(int fromDirectory, byte[] from, int directory) throws IOException {
        try {
            files.link(fromDirectory, from, directory, LINKED);
        } catch (ErrnoException e) {
            // An inode that has all the links it can have shows that links can be made.
            return e.is(Errno.EMLINK);
        }
        files.unlink(directory, LINKED);
        return true;
    }

    private boolean clones(int fromDirectory, byte[] from, Descriptor to) throws IOException {
        try (Descriptor file = files.openRead(fromDirectory, from)) {
            return succeeds(() -> files.clone(file.number(), to.number()));
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
