package dev.velo.linkfarm;

import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/** How a tree that becomes a layer says what it hides of the layers below (Documentation/filesystems/overlayfs.rst). */
interface LayerMarks {
    /**
     * The marks to write.
     *
     * @param scratch a directory on the farm's file system, which is left as it is
     */
    static LayerMarks forFarm(FileOps files, Placement placement, boolean whiteouts, int scratch) throws IOException {
        if (placement == Placement.METADATA) {
            return AttributeMarks.nested(files, whiteouts);
        }
        return !whiteouts || makesWhiteouts(files, scratch)
                ? new PlainMarks(files)
                : AttributeMarks.direct(files, true);
    }

    /**
     * The marks that a farm has.
     *
     * @param tree its root, relative to {@code store}
     */
    static LayerMarks ofFarm(FileOps files, Placement placement, boolean whiteouts, int store, byte[] tree)
            throws IOException {
        if (placement == Placement.METADATA) {
            return AttributeMarks.nested(files, whiteouts);
        }
        AttributeMarks direct = AttributeMarks.direct(files, true);
        try {
            boolean marked = whiteouts
                    && files.attribute(store, tree, direct.attribute())
                            .filter(value -> Arrays.equals(value, AttributeMarks.HOLDS_WHITEOUTS))
                            .isPresent();
            return marked ? direct : new PlainMarks(files);
        } catch (ErrnoException e) {
            // Gone or closed: whoever compares it will say so.
            return new PlainMarks(files);
        }
    }

    /** An overlay does not, so that nobody hides what lies below it by a trick. */
    private static boolean makesWhiteouts(FileOps files, int scratch) throws IOException {
        byte[] name = "probe-whiteout".getBytes(StandardCharsets.US_ASCII);
        try {
            files.makeWhiteout(scratch, name);
        } catch (ErrnoException e) {
            if (e.is(Errno.EPERM) || e.is(Errno.EINVAL) || e.is(Errno.EOPNOTSUPP)) {
                return false;
            }
            throw e;
        }
        files.unlink(scratch, name);
        return true;
    }

    /** Hides a name. */
    void whiteout(int dir, byte[] name) throws IOException;

    /** True where a whiteout in this directory is written at all. */
    boolean showsWhiteouts(DirectoryNode directory);

    /** As far as its status tells. */
    boolean resemblesWhiteout(FileStatus status);

    boolean isWhiteout(int dir, byte[] name, FileStatus status) throws IOException;

    /** The name of the attribute of directories. */
    String attribute();

    /** The value of that attribute, empty where a directory has none. */
    Optional<String> value(DirectoryNode directory, boolean root);
}
