package dev.velo.linkfarm;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.posix.FileType;
import dev.velo.cas.store.BlobStore;
import dev.velo.cas.store.ContentCopy;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreContents;
import dev.velo.cas.store.StoreException;
import dev.velo.cas.store.StoreLayout;
import dev.velo.cas.verify.Finding;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Compares farms with their manifests, entry by entry. Content is proven by the inode being the blob's, which verification hashes, else by hashing. */
public final class FarmAudit {
    private record Pair(byte[] path, TreePath shown, DirectoryNode node) {}

    private final Store store;
    private final FileOps files;
    private final ContentCopy hasher;
    private final List<Finding> findings = new ArrayList<>();

    public FarmAudit(Store store) {
        this.store = store;
        this.files = store.files();
        this.hasher = new ContentCopy(files);
    }

    /**
     * Audits every farm whose manifest is known.
     *
     * @param repair move farms that are wrong out of the way; the next run builds them anew
     */
    public List<Finding> all(boolean repair) throws StoreException {
        try {
            for (String name : new StoreContents(store).farms()) {
                String hex = name.indexOf('-') < 0 ? "" : name.substring(0, name.indexOf('-'));
                Optional<byte[]> copy =
                        Digest.isHex(hex) ? store.roots().copyOf(Digest.fromHex(hex)) : Optional.empty();
                if (copy.isPresent()) {
                    audit(name, Manifest.fromBytes(copy.get(), hex), repair);
                }
            }
            return findings;
        } catch (IOException e) {
            throw StoreException.of("cannot audit the farms of store " + store.path(), e);
        } catch (ManifestException e) {
            throw new StoreException(
                    "cannot audit the farms of store " + store.path() + ": a copy of a manifest is damaged",
                    "run velo verify --repair",
                    e);
        }
    }

    private void audit(String farm, Manifest manifest, boolean repair) throws IOException {
        List<String> faults = new ArrayList<>();
        Deque<Pair> pending = new ArrayDeque<>();
        pending.push(new Pair(bytes(FarmMarker.path(farm) + "/" + FarmMarker.TREE), TreePath.ROOT, manifest.tree()));
        while (!pending.isEmpty()) {
            directory(pending.pop(), pending, faults);
        }
        boolean repaired = repair && !faults.isEmpty();
        if (repaired) {
            files.rename(store.root(), bytes(FarmMarker.path(farm)), store.root(), bytes("trash/" + farm));
        }
        for (String fault : faults) {
            findings.add(new Finding("corrupt-farm", farm, fault, repaired));
        }
    }

    private void directory(Pair pair, Deque<Pair> pending, List<String> faults) throws IOException {
        try (Descriptor dir = open(pair.path())) {
            FileStatus status = files.status(dir.number());
            if (status.permissions() != pair.node().mode()
                    || !status.modified().equals(pair.node().modified())) {
                faults.add(pair.shown() + ": mode or time of the directory has changed");
            }
            Map<FileName, DirectoryEntry> present = new HashMap<>();
            for (DirectoryEntry entry : files.list(dir.number())) {
                present.put(FileName.of(entry.name()), entry);
            }
            for (DirectoryNode.Child child : pair.node().children()) {
                TreePath path = pair.shown().child(child.name());
                if (present.remove(child.name()) == null) {
                    faults.add(path + ": missing");
                } else if (child.node() instanceof DirectoryNode node) {
                    pending.push(new Pair(join(pair.path(), child.name()), path, node));
                } else {
                    leaf(dir.number(), child, path, faults);
                }
            }
            present.keySet().forEach(name -> faults.add(pair.shown().child(name) + ": not in the manifest"));
        } catch (ErrnoException e) {
            faults.add(pair.shown() + ": " + e.errno().text());
        }
    }

    /** A directory may be closed by the manifest's own mode; it is ours, so it is opened for the moment of the audit. */
    private Descriptor open(byte[] path) throws IOException {
        FileStatus status = files.status(store.root(), path);
        if (status.isDirectory() && (status.permissions() & 0500) != 0500 && files.effectiveUid() != 0) {
            files.changeMode(store.root(), path, status.permissions() | 0500);
            Descriptor dir = files.openDirectory(store.root(), path);
            files.changeMode(dir.number(), status.permissions());
            return dir;
        }
        return files.openDirectory(store.root(), path);
    }

    private void leaf(int dir, DirectoryNode.Child child, TreePath path, List<String> faults) throws IOException {
        TreeNode node = child.node();
        byte[] name = child.name().toBytes();
        FileStatus status = files.status(dir, name);
        if (node instanceof FileNode file) {
            String fault = fileFault(dir, name, status, file);
            if (fault != null) {
                faults.add(path + ": " + fault);
            }
        } else if (node instanceof SymlinkNode link) {
            if (status.type() != FileType.SYMLINK || !Arrays.equals(files.readLink(dir, name), link.target())) {
                faults.add(path + ": no longer the link that it was");
            }
        } else if (!status.isWhiteoutDevice()) {
            faults.add(path + ": no longer a whiteout");
        }
    }

    private String fileFault(int dir, byte[] name, FileStatus status, FileNode file) throws IOException {
        BlobStore.Form form = BlobStore.Form.of(file.isExecutable());
        if (!status.isRegular()) {
            return "no longer a regular file";
        }
        if (status.permissions() != form.mode() || !status.modified().equals(StoreLayout.FIXED_TIME)) {
            return "mode or time has changed";
        }
        Optional<FileStatus> blob = store.blobs().status(file.digest(), form);
        if (blob.isPresent() && blob.get().inode() == status.inode()) {
            return null;
        }
        try (Descriptor content = files.openRead(dir, name)) {
            boolean same = hasher.hash(content.number()).digest().equals(file.digest());
            return same ? null : "its content has changed";
        }
    }

    private static byte[] join(byte[] path, FileName name) {
        byte[] last = name.toBytes();
        byte[] out = Arrays.copyOf(path, path.length + 1 + last.length);
        out[path.length] = '/';
        System.arraycopy(last, 0, out, path.length + 1, last.length);
        return out;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
