package dev.velo.transfer.archive;

import dev.velo.cas.Digest;
import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.ModeAttribute;
import dev.velo.transfer.Blob;
import dev.velo.transfer.BlobSource;
import dev.velo.transfer.Destination;
import dev.velo.transfer.TransferException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A tar file with one manifest and what it needs. The same manifest gives the same bytes: blobs in the order of their digests, no name or
 * time of the writer. Written beside its place and renamed when it is complete.
 */
final class TarArchiveWriter implements Destination {
    private static final int CHUNK = 256 << 10;

    private final UserPath path;
    private final FileOps files;
    private final Path staged;
    private final Set<Digest> written = new HashSet<>();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
    private FileChannel out;

    TarArchiveWriter(UserPath path, FileOps files) throws TransferException {
        this.path = path;
        this.files = files;
        Path target = path.path();
        if (Files.exists(target) && !Files.isRegularFile(target)) {
            throw new TransferException(
                    "cannot push to " + path + ": it is not a regular file", "name a file that may be replaced");
        }
        this.staged = target.resolveSibling(".velo-archive-"
                + HexFormat.of().toHexDigits(ThreadLocalRandom.current().nextLong()));
    }

    @Override
    public List<Blob> missing(Collection<Blob> blobs) {
        return blobs.stream().filter(blob -> !written.contains(blob.digest())).toList();
    }

    @Override
    public void put(Collection<Blob> blobs, BlobSource source) throws VeloException, IOException {
        begin();
        byte[] chunk = new byte[CHUNK];
        for (Blob blob :
                blobs.stream().sorted(Comparator.comparing(Blob::digest)).toList()) {
            TarHeader header = new TarHeader(ArchiveFormat.blob(blob.digest()), false, blob.size());
            write(header.encode(), TarHeader.BLOCK);
            try (InputStream content = source.open(blob)) {
                for (int count = content.read(chunk); count >= 0; count = content.read(chunk)) {
                    write(chunk, count);
                }
            }
            pad(header);
            written.add(blob.digest());
        }
    }

    @Override
    public boolean publish(Blob manifest, byte[] bytes) throws VeloException {
        begin();
        TarHeader header = new TarHeader(ArchiveFormat.manifest(manifest.digest()), false, bytes.length);
        entry(header, bytes);
        write(new byte[2 * TarHeader.BLOCK], 2 * TarHeader.BLOCK);
        Path target = path.path();
        try (FileChannel directory = FileChannel.open(target.getParent(), StandardOpenOption.READ)) {
            out.force(true);
            Files.move(staged, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            directory.force(true);
            return true;
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private void begin() throws TransferException {
        if (out != null) {
            return;
        }
        try {
            out = FileChannel.open(
                    staged,
                    Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                    ModeAttribute.of(files.granted(0666)));
        } catch (IOException e) {
            throw failed(e);
        }
        byte[] marker = ArchiveFormat.bytes(ArchiveFormat.MARKER_TEXT);
        entry(new TarHeader(ArchiveFormat.MARKER, false, marker.length), marker);
    }

    private void entry(TarHeader header, byte[] content) throws TransferException {
        write(header.encode(), TarHeader.BLOCK);
        write(content, content.length);
        pad(header);
    }

    private void pad(TarHeader header) throws TransferException {
        int padding = (int) (header.paddedSize() - header.size());
        write(new byte[padding], padding);
    }

    private void write(byte[] bytes, int length) throws TransferException {
        try {
            for (int at = 0; at < length; at += CHUNK) {
                buffer.clear().put(bytes, at, Math.min(CHUNK, length - at)).flip();
                while (buffer.hasRemaining()) {
                    out.write(buffer);
                }
            }
        } catch (IOException e) {
            throw failed(e);
        }
    }

    private TransferException failed(IOException e) {
        String reason = e instanceof NoSuchFileException ? "its directory does not exist" : e.getMessage();
        return new TransferException(
                "cannot push to " + path + ": " + reason,
                "name a file in a directory where you may write and where there is space",
                e);
    }

    @Override
    public void close() throws IOException {
        if (out != null) {
            out.close();
            Files.deleteIfExists(staged);
        }
    }
}
