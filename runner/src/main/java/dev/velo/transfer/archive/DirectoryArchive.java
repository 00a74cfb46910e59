package dev.velo.transfer.archive;

import dev.velo.cas.Digest;
import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.Errno;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.transfer.Blob;
import dev.velo.transfer.BlobSink;
import dev.velo.transfer.BlobSource;
import dev.velo.transfer.DescriptorInput;
import dev.velo.transfer.Destination;
import dev.velo.transfer.ManifestBytes;
import dev.velo.transfer.ManifestReference;
import dev.velo.transfer.Origin;
import dev.velo.transfer.TransferException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * An archive that is a directory: manifests and blobs by digest. A push writes to {@code incoming}, syncs, and renames, so a name never
 * stands for content that a power cut could tear. One push at a time, held by a lock on the marker.
 */
final class DirectoryArchive implements Destination, Origin {
    private static final byte[] INCOMING = ArchiveFormat.bytes("incoming");
    private static final int CHUNK = 256 << 10;
    private static final int ROUND_BLOBS = 2000;
    private static final long ROUND_BYTES = 256 << 20;

    private final FileOps files;
    private final UserPath path;
    private final Descriptor root;
    private final Descriptor marker;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);

    private final boolean writing;

    private DirectoryArchive(UserPath path, FileOps files, Descriptor root, Descriptor marker, boolean writing) {
        this.files = files;
        this.writing = writing;
        this.path = path;
        this.root = root;
        this.marker = marker;
    }

    static DirectoryArchive toWrite(UserPath path, FileOps files) throws VeloException {
        byte[] name = path.toBytes();
        try {
            makeDirectory(files, FileOps.CWD, name);
            Descriptor root = files.openDirectoryFollowing(name);
            byte[] markerName = ArchiveFormat.bytes(ArchiveFormat.MARKER);
            if (files.statusIfPresent(root.number(), markerName).isEmpty()
                    && !files.list(root.number()).isEmpty()) {
                throw new TransferException(
                        "cannot push to " + path + ": it is neither empty nor an archive",
                        "name an archive, an empty directory or one that does not exist");
            }
            Descriptor marker = files.openOrCreate(root.number(), markerName, 0644);
            if (!files.tryLock(marker.number(), true)) {
                throw new TransferException(
                        "cannot push to " + path + ": another push writes to it", "try again when that has ended");
            }
            DirectoryArchive archive = new DirectoryArchive(path, files, root, marker, true);
            archive.prepare();
            return archive;
        } catch (IOException e) {
            throw failed("cannot push to " + path, e);
        }
    }

    static DirectoryArchive toRead(UserPath path) throws VeloException {
        FileOps files = FileOps.system();
        try {
            Descriptor root = files.openDirectoryFollowing(path.toBytes());
            Descriptor marker = files.openRead(root.number(), ArchiveFormat.bytes(ArchiveFormat.MARKER));
            DirectoryArchive archive = new DirectoryArchive(path, files, root, marker, false);
            archive.checkMarker("cannot pull from " + path);
            return archive;
        } catch (ErrnoException e) {
            throw e.is(Errno.ENOENT) ? notAnArchive("cannot pull from " + path) : failed("cannot pull from " + path, e);
        } catch (IOException e) {
            throw failed("cannot pull from " + path, e);
        }
    }

    private void prepare() throws IOException, VeloException {
        // Empty where a push ended between making it and writing it.
        if (files.status(marker.number()).size() == 0) {
            write(marker, ArchiveFormat.bytes(ArchiveFormat.MARKER_TEXT));
        }
        checkMarker("cannot push to " + path);
        for (String name : List.of("blobs", ArchiveFormat.BLOBS, ArchiveFormat.MANIFESTS)) {
            makeDirectory(files, root.number(), ArchiveFormat.bytes(name));
        }
        makeDirectory(files, root.number(), INCOMING);
        // What a push that was killed has left.
        try (Descriptor incoming = files.openDirectory(root.number(), INCOMING)) {
            for (DirectoryEntry entry : files.list(incoming.number())) {
                files.unlink(incoming.number(), entry.name());
            }
        }
    }

    private void checkMarker(String attempt) throws IOException, TransferException {
        buffer.clear().limit(64);
        int count = files.readAt(marker.number(), buffer, 0);
        byte[] text = new byte[Math.max(0, count)];
        buffer.flip().get(text);
        if (!Arrays.equals(text, ArchiveFormat.bytes(ArchiveFormat.MARKER_TEXT))) {
            String said = new String(text, StandardCharsets.UTF_8);
            if (said.matches("velo-archive [0-9]+\n")) {
                throw new TransferException(attempt + ": it is an archive of another version", "use a newer velo");
            }
            throw notAnArchive(attempt);
        }
    }

    @Override
    public List<Blob> missing(Collection<Blob> blobs) throws IOException {
        List<Blob> missing = new ArrayList<>();
        for (Blob blob : blobs) {
            Optional<FileStatus> status =
                    files.statusIfPresent(root.number(), ArchiveFormat.bytes(ArchiveFormat.blob(blob.digest())));
            if (status.filter(FileStatus::isRegular).map(FileStatus::size).orElse(-1L) != blob.size()) {
                missing.add(blob);
            }
        }
        return missing;
    }

    @Override
    public void put(Collection<Blob> blobs, BlobSource source) throws VeloException, IOException {
        List<Blob> round = new ArrayList<>();
        long bytes = 0;
        for (Blob blob : blobs) {
            try (InputStream content = source.open(blob)) {
                stage(blob.digest().toHex(), content);
            }
            round.add(blob);
            bytes += blob.size();
            if (round.size() >= ROUND_BLOBS || bytes >= ROUND_BYTES) {
                publish(round);
                round.clear();
                bytes = 0;
            }
        }
        publish(round);
    }

    private void stage(String name, InputStream content) throws VeloException, IOException {
        byte[] chunk = new byte[CHUNK];
        try (Descriptor file = created(name)) {
            for (int count = content.read(chunk); count >= 0; count = content.read(chunk)) {
                write(file, chunk, count);
            }
        }
    }

    private Descriptor created(String name) throws TransferException {
        try {
            return files.createFile(root.number(), staged(name), 0644);
        } catch (IOException e) {
            throw failed("cannot push to " + path, e);
        }
    }

    private void write(Descriptor file, byte[] chunk, int count) throws TransferException {
        try {
            files.write(file.number(), buffer.clear().put(chunk, 0, count).flip());
        } catch (IOException e) {
            throw failed("cannot push to " + path, e);
        }
    }

    private void publish(List<Blob> round) throws VeloException {
        try {
            files.syncFileSystem(root.number());
            for (Blob blob : round) {
                files.rename(
                        root.number(),
                        staged(blob.digest().toHex()),
                        root.number(),
                        ArchiveFormat.bytes(ArchiveFormat.blob(blob.digest())));
            }
        } catch (IOException e) {
            throw failed("cannot push to " + path, e);
        }
    }

    @Override
    public boolean publish(Blob manifest, byte[] bytes) throws VeloException {
        byte[] name = ArchiveFormat.bytes(ArchiveFormat.manifest(manifest.digest()));
        try {
            if (files.statusIfPresent(root.number(), name)
                            .filter(FileStatus::isRegular)
                            .map(FileStatus::size)
                            .orElse(-1L)
                    == bytes.length) {
                return false;
            }
            byte[] staged = staged(manifest.digest().toHex());
            try (Descriptor file = files.createFile(root.number(), staged, 0644)) {
                write(file, bytes);
            }
            files.syncFileSystem(root.number());
            files.rename(root.number(), staged, root.number(), name);
            files.syncFileSystem(root.number());
            return true;
        } catch (IOException e) {
            throw failed("cannot push to " + path, e);
        }
    }

    private void write(Descriptor file, byte[] bytes) throws IOException {
        for (int at = 0; at < bytes.length; at += CHUNK) {
            buffer.clear().put(bytes, at, Math.min(CHUNK, bytes.length - at)).flip();
            files.write(file.number(), buffer);
        }
    }

    @Override
    public byte[] manifest(Optional<ManifestReference> wanted) throws VeloException, IOException {
        List<Digest> there = new ArrayList<>();
        try (Descriptor manifests = files.openDirectory(root.number(), ArchiveFormat.bytes(ArchiveFormat.MANIFESTS))) {
            for (DirectoryEntry entry : files.list(manifests.number())) {
                String name = ArchiveFormat.MANIFESTS + "/" + new String(entry.name(), StandardCharsets.UTF_8);
                ArchiveFormat.manifestOf(name).ifPresent(there::add);
            }
        } catch (ErrnoException e) {
            throw failed("cannot pull from " + path, e);
        }
        there.sort(null);
        Digest chosen = Archives.choose(wanted, there, path);
        Descriptor file = opened(ArchiveFormat.manifest(chosen));
        try (InputStream content = new DescriptorInput(files, file)) {
            return ManifestBytes.read(content, files.status(file.number()).size(), path.toString());
        }
    }

    @Override
    public List<Blob> get(Collection<Blob> blobs, BlobSink sink) throws VeloException, IOException {
        List<Blob> lacking = new ArrayList<>();
        for (Blob blob : blobs) {
            String name = ArchiveFormat.blob(blob.digest());
            if (files.statusIfPresent(root.number(), ArchiveFormat.bytes(name)).isEmpty()) {
                lacking.add(blob);
                continue;
            }
            try (InputStream content = new DescriptorInput(files, opened(name))) {
                sink.accept(blob, content);
            }
        }
        return lacking;
    }

    private Descriptor opened(String name) throws VeloException, IOException {
        try {
            Descriptor file = files.openRead(root.number(), ArchiveFormat.bytes(name));
            if (files.status(file.number()).isRegular()) {
                return file;
            }
            file.close();
        } catch (ErrnoException e) {
            throw failed("cannot pull from " + path + ": cannot read " + name, e);
        }
        throw new TransferException(
                "cannot pull from " + path + ": " + name + " is not a regular file", "make the archive again");
    }

    private static byte[] staged(String name) {
        return ArchiveFormat.bytes("incoming/" + name);
    }

    private static void makeDirectory(FileOps files, int dir, byte[] name) throws IOException {
        try {
            files.makeDirectory(dir, name, 0755);
        } catch (ErrnoException e) {
            if (!e.is(Errno.EEXIST)) {
                throw e;
            }
        }
    }

    private static TransferException notAnArchive(String attempt) {
        return new TransferException(
                attempt + ": it is not a Velo archive", "name a directory or a tar file that velo push --archive made");
    }

    private static TransferException failed(String attempt, IOException e) {
        String reason = e instanceof ErrnoException errno ? errno.errno().text() : e.getMessage();
        return new TransferException(
                attempt + ": " + reason, "look at its permissions, its space and its disk, and try again", e);
    }

    @Override
    public void close() throws IOException {
        try (root;
                marker) {
            // A reader changes nothing in an archive.
            if (writing) {
                removeEmpty(INCOMING);
            }
        }
    }

    private void removeEmpty(byte[] directory) throws IOException {
        try {
            files.removeDirectory(root.number(), directory);
        } catch (ErrnoException e) {
            // What a failed push left there: the next one clears it away.
            return;
        }
    }
}
