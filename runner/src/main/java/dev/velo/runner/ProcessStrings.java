package dev.velo.runner;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The command line and the environment of this process as the bytes that they are: a JVM decodes them, and what is not valid text is lost. */
public final class ProcessStrings {
    private ProcessStrings() {}

    /** The arguments, the JVM's own first. */
    public static List<byte[]> arguments() throws IOException {
        return read("cmdline");
    }

    /** {@code K=V} each. */
    static List<byte[]> environment() throws IOException {
        return read("environ");
    }

    /** As proc(5) shows them: each ends with a zero byte. */
    private static List<byte[]> read(String name) throws IOException {
        byte[] bytes = Files.readAllBytes(Path.of("/proc/self", name));
        List<byte[]> all = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == 0) {
                all.add(Arrays.copyOfRange(bytes, start, i));
                start = i + 1;
            }
        }
        return all;
    }
}
