package dev.velo.transfer.archive;

import dev.velo.cas.Digest;
import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.transfer.Blob;
import dev.velo.transfer.BlobSink;
import dev.velo.transfer.ManifestBytes;
import dev.velo.transfer.ManifestReference;
import dev.velo.transfer.Origin;
import dev.velo.transfer.TransferException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A tar file as the hostile input that it may be. Names are compared with those that an archive can have and never used as paths; an
 * entry that is none of an archive is refused; every size is checked against the length of the file.
 */
final class TarArchiveReader implements Origin {
    private final UserPath path;
    private final FileChannel in;

    /** What to do with an entry; {@code at} is where its content begins. */
    private interface Visitor {
        /** False ends the walk. */
        boolean visit(TarHeader entry, long at) throws VeloException, IOException;
    }

    TarArchiveReader(UserPath path) throws VeloException {
        this.path = path;
        if (!Files.isRegularFile(path.path())) {
            throw damaged("it is not a regular file");
        }
        try {
            in = FileChannel.open(path.path(), StandardOpenOption.READ);
        } catch (IOException e) {
            throw new TransferException(
                    "cannot pull from " + path + ": permission denied", "ask its owner for permission to read it", e);
        }
    }

    private void walk(Visitor visitor) throws VeloException, IOException {
        byte[] block = new byte[TarHeader.BLOCK];
        boolean marked = false;
        for (long at = 0; ; ) {
            TarHeader entry = header(block, at);
            if (entry == null) {
                if (!marked) {
                    throw damaged("it is not a Velo archive");
                }
                return;
            }
            at += TarHeader.BLOCK;
            if (entry.size() > in.size() - at) {
                throw damaged("byte " + in.size() + ": it ends inside entry " + entry.name());
            }
            marked |= isMarker(entry, at);
            if (!isKnown(entry)) {
                throw damaged("byte " + (at - TarHeader.BLOCK) + ": entry " + entry.name() + " is none of an archive");
            }
            if (!entry.directory() && !visitor.visit(entry, at)) {
                return;
            }
            at += entry.paddedSize();
        }
    }

    private TarHeader header(byte[] block, long at) throws VeloException, IOException {
        ByteBuffer buffer = ByteBuffer.wrap(block);
        while (buffer.hasRemaining()) {
            if (in.read(buffer, at + buffer.position()) < 0) {
                throw damaged(
                        at == 0 ? "it is not a Velo archive" : "byte " + in.size() + ": it ends without an end mark");
            }
        }
        try {
            return TarHeader.decode(block);
        } catch (TarHeader.Malformed e) {
            throw damaged(at == 0 ? "it is not a Velo archive" : "byte " + at + ": " + e.getMessage());
        }
    }

    private boolean isMarker(TarHeader entry, long at) throws VeloException, IOException {
        if (!entry.name().equals(ArchiveFormat.MARKER)) {
            return false;
        }
        byte[] text = ArchiveFormat.bytes(ArchiveFormat.MARKER_TEXT);
        if (entry.size() != text.length || !Arrays.equals(content(entry, at).readAllBytes(), text)) {
            throw damaged("it is an archive of another version");
        }
        return true;
    }

    private static boolean isKnown(TarHeader entry) {
        if (entry.directory()) {
            return entry.name().equals(".")
                    || entry.name().isEmpty()
                    || ArchiveFormat.DIRECTORIES.contains(entry.name());
        }
        return entry.name().equals(ArchiveFormat.MARKER)
                || ArchiveFormat.blobOf(entry.name()).isPresent()
                || ArchiveFormat.manifestOf(entry.name()).isPresent();
    }

    @Override
    public byte[] manifest(Optional<ManifestReference> wanted) throws VeloException, IOException {
        Map<Digest, Long> places = new HashMap<>();
        Map<Digest, TarHeader> entries = new HashMap<>();
        List<Digest> there = new ArrayList<>();
        walk((entry, at) -> {
            ArchiveFormat.manifestOf(entry.name()).ifPresent(digest -> {
                if (places.putIfAbsent(digest, at) == null) {
                    entries.put(digest, entry);
                    there.add(digest);
                }
            });
            return true;
        });
        Digest chosen = Archives.choose(wanted, there, path);
        TarHeader entry = entries.get(chosen);
        byte[] bytes = ManifestBytes.read(content(entry, places.get(chosen)), entry.size(), path.toString());
        if (!Digest.of(bytes).equals(chosen)) {
            throw damaged("what it holds as manifest " + chosen + " has the digest " + Digest.of(bytes));
        }
        return bytes;
    }

    @Override
    public List<Blob> get(Collection<Blob> blobs, BlobSink sink) throws VeloException, IOException {
        Map<Digest, Blob> wanted = new HashMap<>();
        blobs.forEach(blob -> wanted.put(blob.digest(), blob));
        walk((entry, at) -> {
            Optional<Digest> digest = ArchiveFormat.blobOf(entry.name());
            Blob blob = digest.isEmpty() ? null : wanted.remove(digest.get());
            if (blob != null) {
                sink.accept(blob, content(entry, at));
            }
            return !wanted.isEmpty();
        });
        return blobs.stream().filter(blob -> wanted.containsKey(blob.digest())).toList();
    }

    private InputStream content(TarHeader entry, long at) {
        return new InputStream() {
            private long position = at;

            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] into, int offset, int length) throws IOException {
                int some = (int) Math.min(length, at + entry.size() - position);
                int count = some == 0 ? -1 : in.read(ByteBuffer.wrap(into, offset, some), position);
                position += Math.max(0, count);
                return count;
            }
        };
    }

    private TransferException damaged(String what) {
        return new TransferException(
                "cannot pull from " + path + ": " + what,
                "name a file that velo push --archive made, or make it again");
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}
