package dev.velo.runner;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The arguments of a command as text, and as the bytes that they are: decoding loses what is not valid text.
 *
 * @param bytes as many as there are texts; none where they could not be had
 */
public record CallerArguments(List<String> text, List<byte[]> bytes) {
    private static final char REPLACEMENT = '\ufffd';

    public CallerArguments {
        text = List.copyOf(text);
        bytes = List.copyOf(bytes);
        if (!bytes.isEmpty() && bytes.size() != text.size()) {
            throw new IllegalArgumentException(bytes.size() + " arguments are not " + text.size());
        }
    }

    public static CallerArguments of(List<byte[]> bytes) {
        List<String> text = new ArrayList<>();
        for (byte[] argument : bytes) {
            text.add(new String(argument, StandardCharsets.UTF_8));
        }
        return new CallerArguments(text, bytes);
    }

    /** The command's name, empty where there is no argument at all. */
    public String first() {
        return text.isEmpty() ? "" : text.get(0);
    }

    /**
     * The first argument that could not be decoded; behind "--" stand a program's own, which get through as bytes. A name with a replacement
     * character is another file's name.
     */
    public Optional<String> garbled() {
        for (int i = 0; i < text.size() && !text.get(i).equals("--"); i++) {
            String argument = text.get(i);
            if (argument.indexOf(REPLACEMENT) >= 0
                    && (bytes.isEmpty() || !Arrays.equals(bytes.get(i), argument.getBytes(StandardCharsets.UTF_8)))) {
                return Optional.of(argument);
            }
        }
        return Optional.empty();
    }

    /** The last arguments as bytes: raw where they are what was decoded, else encoded again. */
    public List<byte[]> last(List<String> decoded) throws IOException {
        List<byte[]> result = new ArrayList<>();
        int offset = bytes.size() - decoded.size();
        for (int i = 0; i < decoded.size(); i++) {
            String argument = decoded.get(i);
            boolean raw = offset >= 0 && new String(bytes.get(offset + i), StandardCharsets.UTF_8).equals(argument);
            if (!raw && argument.indexOf(REPLACEMENT) >= 0) {
                throw new IOException("the bytes of argument " + argument + " are not known");
            }
            result.add(raw ? bytes.get(offset + i) : argument.getBytes(StandardCharsets.UTF_8));
        }
        return result;
    }
}
