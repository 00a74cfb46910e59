package dev.velo.shim;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.zip.CRC32;

/**
 * All that velo-session does for one run, and its bytes: docs/formats/session-plan.md.
 *
 * @param arguments of the program, raw bytes, at least one
 * @param environment assignments as raw bytes: all that the program gets but what loads the library
 * @param workdir empty for the caller's
 * @param enter the program velo-enter
 * @param supervised the program velo-supervised
 * @param strict every process of the run is supervised
 * @param finish what runs at the end, empty for nothing
 * @param timeLimit more than 0
 * @param result where the record of the run goes
 */
public record SessionPlan(
        List<byte[]> arguments,
        List<byte[]> environment,
        Optional<String> workdir,
        ShimSession session,
        ShimLibrary library,
        Path enter,
        Path supervised,
        boolean strict,
        List<String> finish,
        Optional<Duration> timeLimit,
        Optional<Path> result) {
    private static final byte[] MAGIC = "VELOSESS".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION = 1;
    private static final int HEADER = 16;
    private static final int TRAILER = 4;

    // As in a launch plan, where that has it, too.
    private static final int ARGUMENT = 1;
    private static final int ENVIRONMENT = 2;
    private static final int WORKDIR = 3;
    private static final int FINISH = 12;
    private static final int DESCRIPTOR_LIMIT = 13;
    private static final int TIME_LIMIT = 14;
    private static final int RESULT = 36;
    private static final int DIRECTORY = 64;
    private static final int MANIFEST = 65;
    private static final int LIBRARY = 66;
    private static final int ENTER = 67;
    private static final int SUPERVISED = 68;
    private static final int STRICT = 69;

    /**
     * Its bytes.
     *
     * @param descriptorLimit the soft limit of open files that the program gets; empty for the one that is
     * @throws IllegalArgumentException where a string holds a NUL byte
     */
    public byte[] encode(OptionalLong descriptorLimit) {
        ByteArrayOutputStream records = new ByteArrayOutputStream(4096);
        arguments.forEach(argument -> string(records, ARGUMENT, argument));
        environment.forEach(assignment -> string(records, ENVIRONMENT, assignment));
        workdir.ifPresent(directory -> string(records, WORKDIR, utf8(directory)));
        path(records, DIRECTORY, session.directory());
        path(records, MANIFEST, session.manifest());
        path(records, LIBRARY, library.file());
        path(records, ENTER, enter);
        path(records, SUPERVISED, supervised);
        if (strict) {
            number(records, STRICT, 1);
        }
        finish.forEach(argument -> string(records, FINISH, utf8(argument)));
        descriptorLimit.ifPresent(limit -> number(records, DESCRIPTOR_LIMIT, limit));
        timeLimit.ifPresent(limit -> number(records, TIME_LIMIT, Math.max(1, limit.toMillis())));
        result.ifPresent(file -> path(records, RESULT, file));
        return framed(records.toByteArray());
    }

    private static byte[] framed(byte[] records) {
        ByteBuffer out = ByteBuffer.allocate(HEADER + records.length + TRAILER).order(ByteOrder.LITTLE_ENDIAN);
        out.put(MAGIC).putInt(VERSION).putInt(records.length).put(records);
        CRC32 checksum = new CRC32();
        checksum.update(out.array(), 0, out.position());
        return out.putInt((int) checksum.getValue()).array();
    }

    private static void path(ByteArrayOutputStream out, int kind, Path path) {
        string(out, kind, utf8(path.toString()));
    }

    private static void string(ByteArrayOutputStream out, int kind, byte[] text) {
        for (byte b : text) {
            if (b == 0) {
                throw new IllegalArgumentException("a string with a NUL byte");
            }
        }
        record(out, kind, Arrays.copyOf(text, text.length + 1));
    }

    private static void number(ByteArrayOutputStream out, int kind, long value) {
        record(
                out,
                kind,
                ByteBuffer.allocate(Long.BYTES)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(value)
                        .array());
    }

    private static void record(ByteArrayOutputStream out, int kind, byte[] payload) {
        out.writeBytes(ByteBuffer.allocate(2 * Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(kind)
                .putInt(payload.length)
                .array());
        out.writeBytes(payload);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
