package dev.velo.cli;

import dev.velo.runner.ProcessStrings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The arguments of this process as the bytes that they are: a JVM decodes them, and what is not valid text is lost. */
final class RawArguments {
    private RawArguments() {}

    /** The last {@code count} arguments of this process, as proc(5) shows them. */
    static List<byte[]> last(int count) throws IOException {
        List<byte[]> all = ProcessStrings.arguments();
        return all.subList(all.size() - count, all.size());
    }

    /**
     * The first argument that the JVM could not decode, or null; behind "--" stand a program's own, which get through as bytes. A name with
     * a replacement character is another file's name.
     */
    static String garbled(String[] decoded) {
        for (int i = 0; i < decoded.length && !decoded[i].equals("--"); i++) {
            if (decoded[i].indexOf('\ufffd') >= 0) {
                try {
                    byte[] raw = last(decoded.length).get(i);
                    if (!Arrays.equals(raw, decoded[i].getBytes(StandardCharsets.UTF_8))) {
                        return decoded[i];
                    }
                } catch (IOException | IndexOutOfBoundsException e) {
                    return decoded[i];
                }
            }
        }
        return null;
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
