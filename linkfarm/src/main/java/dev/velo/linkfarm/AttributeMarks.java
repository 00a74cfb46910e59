package dev.velo.linkfarm;

import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.WhiteoutNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;
import java.util.Optional;

/**
 * Marks that are attributes alone: whiteouts are empty files with one, which the kernel (since 6.7) looks for only in directories marked
 * {@code x}, and only in layers whose root has that mark too. For a tree that an overlay of its own shows to the overlay of the run, which
 * would take a mark for itself, the names are escaped once.
 */
final class AttributeMarks implements LayerMarks {
    private static final String DIRECT = "user.overlay.";
    private static final String NESTED = DIRECT + "overlay.";
    private static final byte[] YES = {'y'};
    static final byte[] HOLDS_WHITEOUTS = {'x'};

    private final FileOps files;
    private final String prefix;
    private final boolean whiteouts;

    private AttributeMarks(FileOps files, String prefix, boolean whiteouts) {
        this.files = files;
        this.prefix = prefix;
        this.whiteouts = whiteouts;
    }

    /**
     * For a tree that is a layer of the run's overlay, on a file system that makes no devices.
     *
     * @param whiteouts the tree has any
     */
    static AttributeMarks direct(FileOps files, boolean whiteouts) {
        return new AttributeMarks(files, DIRECT, whiteouts);
    }

    /** For a tree that the run's overlay sees through another one. */
    static AttributeMarks nested(FileOps files, boolean whiteouts) {
        return new AttributeMarks(files, NESTED, whiteouts);
    }

    @Override
    public void whiteout(int dir, byte[] name) throws IOException {
        try (Descriptor file = files.createFile(dir, name, 0600)) {
            files.setAttribute(file.number(), prefix + "whiteout", YES);
        }
    }

    /** An opaque directory can have no such mark, and needs no whiteouts: nothing is seen below it. */
    @Override
    public boolean showsWhiteouts(DirectoryNode directory) {
        return !directory.opaque();
    }

    @Override
    public boolean resemblesWhiteout(FileStatus status) {
        return status.isRegular() && status.size() == 0;
    }

    @Override
    public boolean isWhiteout(int dir, byte[] name, FileStatus status) throws IOException {
        return resemblesWhiteout(status)
                && files.attribute(dir, name, prefix + "whiteout").isPresent();
    }

    @Override
    public String attribute() {
        return prefix + "opaque";
    }

    @Override
    public Optional<String> value(DirectoryNode directory, boolean root) {
        if (directory.opaque()) {
            return Optional.of("y");
        }
        boolean marked = (root && whiteouts)
                || directory.children().stream().anyMatch(child -> child.node() instanceof WhiteoutNode);
        return marked ? Optional.of("x") : Optional.empty();
    }
}
