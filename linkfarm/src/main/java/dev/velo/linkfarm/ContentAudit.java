package dev.velo.linkfarm;

import dev.velo.cas.Digest;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.ContentCopy;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreLayout;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** For files that have their content, by a link, shared blocks or a copy. Hashes what is no blob's inode, each inode once. */
final class ContentAudit implements FileAudit {
    private record Blob(Digest digest, BlobStore.Form form) {}

    private final Store store;
    private final FileOps files;
    private final ContentCopy hasher;
    private final Map<Blob, Optional<FileStatus>> blobs = new HashMap<>();
    private final Map<Long, Digest> hashed = new HashMap<>();

    ContentAudit(Store store) {
        this.store = store;
        this.files = store.files();
        this.hasher = new ContentCopy(files);
    }

    @Override
    public String fault(FileStatus status, FileNode file) {
        BlobStore.Form form = BlobStore.Form.of(file.isExecutable());
        if (status.permissions() != form.mode() || !status.modified().equals(StoreLayout.FIXED_TIME)) {
            return "mode or time has changed";
        }
        return status.size() == file.size() ? null : "its size has changed";
    }

    @Override
    public String fault(int dir, byte[] name, FileStatus status, FileNode file) throws IOException {
        String seen = fault(status, file);
        if (seen != null || isBlob(status, new Blob(file.digest(), BlobStore.Form.of(file.isExecutable())))) {
            return seen;
        }
        Digest known = hashed.get(status.inode());
        if (known == null) {
            try (Descriptor content = files.openRead(dir, name)) {
                known = hasher.hash(content.number()).digest();
            }
            hashed.put(status.inode(), known);
        }
        return known.equals(file.digest()) ? null : "its content has changed";
    }

    @Override
    public Set<String> attributes(FileNode file) {
        return Set.of();
    }

    private boolean isBlob(FileStatus status, Blob blob) throws IOException {
        Optional<FileStatus> known = blobs.get(blob);
        if (known == null) {
            known = store.blobs().status(blob.digest(), blob.form());
            blobs.put(blob, known);
        }
        return known.isPresent() && known.get().isSameFile(status);
    }
}
