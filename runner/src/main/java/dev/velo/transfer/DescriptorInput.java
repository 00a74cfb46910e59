package dev.velo.transfer;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;

/** An open file as a stream, from its start. Closing it closes the file. Not safe for use by several threads at once. */
public final class DescriptorInput extends InputStream {
    private static final int BUFFER = 256 << 10;
    private static final ThreadLocal<ByteBuffer> BUFFERS =
            ThreadLocal.withInitial(() -> ByteBuffer.allocateDirect(BUFFER));

    private final FileOps files;
    private final Descriptor file;
    private long position;

    public DescriptorInput(FileOps files, Descriptor file) {
        this.files = files;
        this.file = file;
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] into, int at, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        ByteBuffer buffer = BUFFERS.get().clear().limit(Math.min(length, BUFFER));
        int count = files.readAt(file.number(), buffer, position);
        if (count <= 0) {
            return -1;
        }
        buffer.flip().get(into, at, count);
        position += count;
        return count;
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
