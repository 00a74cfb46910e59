package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Entry;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.store.ContentCopy;
import dev.velo.cas.store.CorruptBlobException;
import dev.velo.cas.store.SourceException;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import dev.velo.runner.Caller;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** One file of a manifest. */
@Command(name = "cat", mixinStandardHelpOptions = true, description = "Writes the content of a file of a manifest.")
final class CatCommand implements Callable<Integer> {
    private static final int CHUNK = 1 << 20;

    private final Caller caller;

    @Mixin
    private final StoreOption store;

    @Parameters(index = "0", paramLabel = "M", description = "The manifest.")
    private Path file;

    @Parameters(index = "1", paramLabel = "PATH", description = "The file in it.")
    private String path;

    CatCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    @Override
    public Integer call() throws VeloException {
        Entry entry = InspectCommand.find(Manifest.open(caller.path(file)), file, path);
        if (!(entry.node() instanceof FileNode node)) {
            throw new VeloException(
                    "cannot print " + path + " of " + file + ": it is a "
                            + entry.type().name().toLowerCase(Locale.ROOT),
                    "name a regular file; velo inspect lists them");
        }
        try (Store opened = store.open()) {
            return write(opened, node) ? 0 : 1;
        }
    }

    /** Hashed first and written then, so that nothing wrong is ever written. False where nobody reads on. */
    private boolean write(Store opened, FileNode node) throws VeloException {
        try (Descriptor blob = opened.blobs().open(node.digest())) {
            if (!new ContentCopy(opened.files()).hash(blob.number()).digest().equals(node.digest())) {
                throw new CorruptBlobException(opened, node.digest());
            }
            ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK);
            // The caller's, who closes it.
            WritableByteChannel out = Channels.newChannel(caller.streams().out());
            for (long offset = 0; opened.files().readAt(blob.number(), buffer.clear(), offset) > 0; ) {
                buffer.flip();
                offset += buffer.remaining();
                if (!put(buffer, out)) {
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            IOException cause = e instanceof SourceException source ? source.fault() : e;
            throw new StoreException(
                    "cannot read " + path + " (" + node.digest() + ") of store " + opened.path() + ": "
                            + (cause instanceof ErrnoException failed
                                    ? failed.errno().text()
                                    : cause.getMessage()),
                    "ingest the tree again",
                    e);
        }
    }

    private boolean put(ByteBuffer buffer, WritableByteChannel out) throws VeloException {
        try {
            while (buffer.hasRemaining()) {
                out.write(buffer);
            }
            return true;
        } catch (IOException e) {
            // Who has closed a pipe knows that not all was printed.
            if (caller.streams().outIsPipe().getAsBoolean()) {
                return false;
            }
            throw new VeloException(
                    "cannot write standard output: " + e.getMessage(), "free some space, or read all of the output", e);
        }
    }
}
