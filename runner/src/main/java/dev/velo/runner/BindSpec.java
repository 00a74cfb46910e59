package dev.velo.runner;

import java.util.ArrayList;
import java.util.List;

/**
 * A host file or directory that the user shows to a payload: {@code SRC:DST[:ro|rw]}, read-only unless it says rw. A colon in a path is
 * written {@code \:}, a backslash {@code \\}.
 */
public record BindSpec(String source, String target, boolean writable) {
    /** @throws IllegalArgumentException with what is wrong */
    public static BindSpec parse(String text) {
        List<String> parts = split(text);
        boolean mode = parts.size() == 3;
        if (parts.size() < 2
                || parts.size() > 3
                || (mode && !parts.get(2).equals("ro") && !parts.get(2).equals("rw"))) {
            throw new IllegalArgumentException("'" + text + "' is not of the form SRC:DST[:ro|rw]");
        }
        String target = parts.get(1).replaceAll("/+", "/");
        if (!target.startsWith("/")
                || target.equals("/")
                || List.of(target.split("/")).contains("..")) {
            throw new IllegalArgumentException("'" + target + "' is not an absolute path inside the sandbox");
        }
        if (!isAllowed(target)) {
            throw new IllegalArgumentException("nothing can be bound at " + target);
        }
        return new BindSpec(parts.get(0), target, mode && parts.get(2).equals("rw"));
    }

    /** Not where the launcher makes everything itself, read-only; shared memory is the payload's. */
    static boolean isAllowed(String target) {
        return !target.matches("/(proc|dev)(/.*)?") || target.startsWith("/dev/shm/");
    }

    private static List<String> split(String text) {
        List<String> parts = new ArrayList<>();
        StringBuilder part = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\\' && i + 1 < text.length()) {
                part.append(text.charAt(++i));
            } else if (c == ':') {
                parts.add(part.toString());
                part.setLength(0);
            } else {
                part.append(c);
            }
        }
        parts.add(part.toString());
        return parts;
    }
}
