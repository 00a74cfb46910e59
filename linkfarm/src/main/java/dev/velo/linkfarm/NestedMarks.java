package dev.velo.linkfarm;

import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.WhiteoutNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;
import java.util.Optional;

/**
 * Marks for a tree that an overlay of its own shows to the overlay of the run. The inner one would take a mark for itself; so the names are
 * escaped once, and whiteouts are empty files with an attribute, which the kernel looks for only in directories marked {@code x}, and only in
 * layers whose root has that mark too.
 */
final class NestedMarks implements LayerMarks {
    private static final String WHITEOUT = "user.overlay.overlay.whiteout";
    private static final byte[] YES = {'y'};

    private final FileOps files;
    private final boolean whiteouts;

    /** @param whiteouts the tree has any */
    NestedMarks(FileOps files, boolean whiteouts) {
        this.files = files;
        this.whiteouts = whiteouts;
    }

    @Override
    public void whiteout(int dir, byte[] name) throws IOException {
        try (Descriptor file = files.createFile(dir, name, 0600)) {
            files.setAttribute(file.number(), WHITEOUT, YES);
        }
    }

    /** An opaque directory can have no such mark, and needs no whiteouts: nothing is seen below it. */
    @Override
    public boolean showsWhiteouts(DirectoryNode directory) {
        return !directory.opaque();
    }

    @Override
    public boolean isWhiteout(int dir, byte[] name, FileStatus status) throws IOException {
        return status.isRegular()
                && status.size() == 0
                && files.attribute(dir, name, WHITEOUT).isPresent();
    }

    @Override
    public String attribute() {
        return "user.overlay.overlay.opaque";
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
