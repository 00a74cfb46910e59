package dev.velo.cas.verify;

import dev.velo.cas.Digest;
import dev.velo.cas.Progress;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.ContentCopy;
import dev.velo.cas.store.Quarantine;
import dev.velo.cas.store.SourceException;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreContents;
import dev.velo.cas.store.StoreLayout;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Checks one inode: content against its name, mode, owner and time against the rules of the store. Safe for use by many threads. */
final class BlobCheck {
    private final Store store;
    private final FileOps files;
    private final Quarantine quarantine;
    private final boolean repair;
    private final Progress progress;

    BlobCheck(Store store, boolean repair, Progress progress) {
        this.store = store;
        this.files = store.files();
        this.quarantine = new Quarantine(store);
        this.repair = repair;
        this.progress = progress;
    }

    /** What is wrong with an item; nothing where it vanished meanwhile, which is a collector's right. */
    List<Finding> check(StoreContents.Item item, ContentCopy hasher) throws IOException {
        List<Finding> findings = new ArrayList<>();
        progress.done(0);
        try {
            if (isSound(item, hasher, findings)) {
                return findings;
            }
        } catch (IOException e) {
            if (errno(e) == Errno.ENOENT) {
                return findings;
            }
        }
        secondLook(item, hasher, findings);
        return findings;
    }

    /** False where the content is not what the name says. */
    private boolean isSound(StoreContents.Item item, ContentCopy hasher, List<Finding> findings) throws IOException {
        try (Descriptor file = files.openRead(store.root(), item.path())) {
            FileStatus status = files.status(file.number());
            if (!status.isRegular()) {
                findings.add(finding(
                        "foreign-file",
                        item,
                        "a " + status.type().words() + " in a blob's place",
                        replaced(item, status)));
                return true;
            }
            if (findings.isEmpty()) {
                checkAttributes(item, file, status, findings);
            }
            ContentCopy.Copied content = hasher.hash(file.number());
            progress.read(content.size());
            return content.digest().equals(item.digest());
        }
    }

    /**
     * A fault that does not show again, of memory or of a cable, is none of the blob. Only what is surely bad is moved away; a blob that
     * cannot be read for want of descriptors or rights may be sound.
     */
    private void secondLook(StoreContents.Item item, ContentCopy hasher, List<Finding> findings) throws IOException {
        Optional<FileStatus> status = files.statusIfPresent(store.root(), item.path());
        if (status.isEmpty()) {
            return;
        }
        try {
            if (isSound(item, hasher, findings)) {
                return;
            }
        } catch (IOException e) {
            Errno errno = errno(e);
            if (errno != Errno.ENOENT) {
                // ELOOP: a symbolic link, which is never a blob.
                boolean hopeless = errno == Errno.EIO || errno == Errno.ELOOP;
                boolean repaired = hopeless && replaced(item, status.get());
                findings.add(finding("unreadable-blob", item, errno.text(), repaired));
            }
            return;
        }
        boolean repaired = replaced(item, status.get());
        findings.add(finding("corrupt-blob", item, "its content is not what its name says", repaired));
    }

    private static Errno errno(IOException e) {
        IOException cause = e instanceof SourceException source ? source.fault() : e;
        return cause instanceof ErrnoException failed ? failed.errno() : Errno.OTHER;
    }

    private void checkAttributes(StoreContents.Item item, Descriptor file, FileStatus status, List<Finding> findings)
            throws IOException {
        int mode = item.form().mode();
        if (status.permissions() != mode) {
            findings.add(finding(
                    "wrong-mode",
                    item,
                    "mode " + Integer.toOctalString(status.permissions()) + " instead of "
                            + Integer.toOctalString(mode),
                    repair && done(() -> files.changeMode(file.number(), mode))));
        }
        if (status.uid() != store.owner().uid()) {
            findings.add(finding(
                    "wrong-owner",
                    item,
                    "owner " + status.uid() + " instead of " + store.owner().uid(),
                    repair
                            && done(() -> files.changeOwner(
                                    file.number(),
                                    store.owner().uid(),
                                    store.owner().gid()))));
        }
        if (!status.modified().equals(StoreLayout.FIXED_TIME)) {
            findings.add(finding(
                    "wrong-time",
                    item,
                    "a modification time other than 2000-01-01T00:00:00Z",
                    repair && done(() -> files.setModified(file.number(), StoreLayout.FIXED_TIME))));
        }
    }

    /** An immutable blob can be neither moved nor replaced: it stays, and stays reported, until it is unprotected. */
    private boolean replaced(StoreContents.Item item, FileStatus damaged) throws IOException {
        try {
            return repair && quarantine.replace(item, damaged);
        } catch (ErrnoException e) {
            if (e.is(Errno.EPERM)) {
                return false;
            }
            throw e;
        }
    }

    /** Moves a damaged copy of a manifest out of the way. */
    boolean quarantineManifest(Digest manifest) throws IOException {
        return repair && quarantine.takeManifest(manifest);
    }

    private interface Step {
        void run() throws IOException;
    }

    private static boolean done(Step step) {
        try {
            step.run();
            return true;
        } catch (IOException e) {
            // The finding stays unrepaired, and that is what is reported.
            return false;
        }
    }

    private static Finding finding(String kind, StoreContents.Item item, String detail, boolean repaired) {
        String form = item.form() == BlobStore.Form.PLAIN ? "blob" : "executable twin";
        return new Finding(kind, item.digest().toHex(), form + ": " + detail, repaired);
    }
}
