package dev.velo.runner;

import com.google.gson.GsonBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.LinkedHashMap;
import java.util.Map;

/** The record of a run that came to its end before there was a launcher to write it: docs/formats/run-record.md. */
public final class FailureRecord {
    private static final int LAUNCH_FAILED = 125;
    private static final int FILE_TYPE = 0170000;
    private static final int FIFO = 0010000;

    private FailureRecord() {}

    /**
     * Whole and synced under its name, or not there; what is no regular file (/dev/null, a pipe) is written to.
     *
     * @param target absolute
     * @param message "cannot &lt;verb&gt; &lt;object&gt;: &lt;reason&gt;; &lt;what to do&gt;"
     */
    public static void write(Path target, String message) throws IOException {
        byte[] record = (new GsonBuilder()
                                .disableHtmlEscaping()
                                .serializeNulls()
                                .create()
                                .toJson(values(message))
                        + "\n")
                .getBytes(StandardCharsets.UTF_8);
        if (Files.exists(target) && !Files.isRegularFile(target)) {
            // Opened for both, a pipe that nobody reads yet does not make this process wait: fifo(7).
            boolean pipe = ((int) Files.getAttribute(target, "unix:mode") & FILE_TYPE) == FIFO;
            try (FileChannel channel = pipe
                    ? FileChannel.open(target, StandardOpenOption.READ, StandardOpenOption.WRITE)
                    : FileChannel.open(target, StandardOpenOption.WRITE)) {
                channel.write(ByteBuffer.wrap(record));
            }
            return;
        }
        Path fresh = Files.createTempFile(target.getParent(), ".velo-", "");
        try {
            Files.write(fresh, record);
            Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-r--r--"));
            try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(fresh);
        }
    }

    private static Map<String, Object> values(String message) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("version", 1);
        values.put("exit", LAUNCH_FAILED);
        values.put("signal", null);
        values.put("cause", "launch");
        values.put("timeout", false);
        values.put("oom", false);
        for (String name : new String[] {"wall_us", "user_us", "sys_us", "max_rss_bytes"}) {
            values.put(name, 0);
        }
        values.put("peak", nulls("memory_bytes", "processes"));
        Map<String, Object> output = nulls("bytes");
        output.put("truncated", false);
        values.put("output", output);
        values.put("limits", Map.of());
        values.put("spaces", Map.of());
        values.put("setup_us", Map.of());
        values.put("failure", failure(message));
        return values;
    }

    private static Map<String, Object> failure(String message) {
        int remedy = message.lastIndexOf("; ");
        String problem = remedy < 0 ? message : message.substring(0, remedy);
        int reason = problem.indexOf(": ");
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("stage", "plan");
        values.put("errno", null);
        values.put("type", null);
        values.put("what", reason < 0 ? problem : problem.substring(0, reason));
        values.put("reason", reason < 0 ? "" : problem.substring(reason + 2));
        values.put("remedy", remedy < 0 ? "" : message.substring(remedy + 2));
        return values;
    }

    private static Map<String, Object> nulls(String... names) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (String name : names) {
            values.put(name, null);
        }
        return values;
    }
}
