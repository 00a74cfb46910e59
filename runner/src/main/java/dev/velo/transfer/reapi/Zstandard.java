package dev.velo.transfer.reapi;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import com.github.luben.zstd.util.Native;
import dev.velo.transfer.FaultInStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** Compression on the wire (RFC 8878). The decoder bounds its own memory, and the reader of what it gives bounds the output. */
final class Zstandard {
    /** Faster than a network, and near the best that small files give. */
    private static final int LEVEL = 3;

    private Zstandard() {}

    /** False where the native library does not load: on another processor, or where temporary files may not be executed. */
    static boolean isAvailable() {
        try {
            Native.load();
            return Native.isLoaded();
        } catch (LinkageError e) {
            return false;
        }
    }

    static byte[] compress(byte[] content) {
        return Zstd.compress(content, LEVEL);
    }

    /** Closing it ends the frame and does not close {@code out} where that ignores it. */
    static OutputStream compressing(OutputStream out) throws IOException {
        return new ZstdOutputStreamNoFinalizer(out, LEVEL);
    }

    /** The most that an honest compressor makes of a content. */
    static long bound(long size) {
        return size + size / 64 + (64 << 10);
    }

    static InputStream decompressing(InputStream in, Faults faults) throws IOException {
        return new FilterInputStream(new ZstdInputStreamNoFinalizer(in)) {
            @Override
            public int read() throws IOException {
                byte[] one = new byte[1];
                return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
            }

            @Override
            public int read(byte[] into, int at, int length) throws IOException {
                try {
                    return super.read(into, at, length);
                } catch (FaultInStream | Unavailable | Absent e) {
                    throw e;
                } catch (IOException e) {
                    throw new FaultInStream(faults.broken("it sent a blob whose compressed form is damaged"));
                }
            }
        };
    }
}
