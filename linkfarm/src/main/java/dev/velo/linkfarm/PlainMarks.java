package dev.velo.linkfarm;

import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;
import java.util.Optional;

/** Marks for a tree that is a layer itself: devices 0:0 for whiteouts, an attribute for opaque directories. */
final class PlainMarks implements LayerMarks {
    private final FileOps files;

    PlainMarks(FileOps files) {
        this.files = files;
    }

    @Override
    public void whiteout(int dir, byte[] name) throws IOException {
        files.makeWhiteout(dir, name);
    }

    @Override
    public boolean showsWhiteouts(DirectoryNode directory) {
        return !directory.opaque();
    }

    @Override
    public boolean resemblesWhiteout(FileStatus status) {
        return status.isWhiteoutDevice();
    }

    @Override
    public boolean isWhiteout(int dir, byte[] name, FileStatus status) {
        return resemblesWhiteout(status);
    }

    @Override
    public String attribute() {
        return "user.overlay.opaque";
    }

    @Override
    public Optional<String> value(DirectoryNode directory, boolean root) {
        return directory.opaque() ? Optional.of("y") : Optional.empty();
    }
}
