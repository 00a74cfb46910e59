package dev.velo.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The arguments of this process as the bytes that they are: a JVM decodes them, and what is not valid text is lost. */
final class RawArguments {
    private RawArguments() {}

    /** The last {@code count} arguments of this process, as proc(5) shows them. */
    static List<byte[]> last(int count) throws IOException {
        byte[] bytes = Files.readAllBytes(Path.of("/proc/self/cmdline"));
        List<byte[]> all = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == 0) {
                all.add(Arrays.copyOfRange(bytes, start, i));
                start = i + 1;
            }
        }
        return all.subList(all.size() - count, all.size());
    }

    /** Raw where they agree with what the JVM decoded, else encoded again. */
    static List<byte[]> of(List<String> decoded) throws IOException {
        List<byte[]> raw = last(decoded.size());
        List<byte[]> result = new ArrayList<>();
        for (int i = 0; i < decoded.size(); i++) {
            boolean same = new String(raw.get(i), StandardCharsets.UTF_8).equals(decoded.get(i));
            result.add(same ? raw.get(i) : decoded.get(i).getBytes(StandardCharsets.UTF_8));
        }
        return result;
    }
}
