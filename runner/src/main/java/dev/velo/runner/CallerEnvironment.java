package dev.velo.runner;

import dev.velo.profiles.Profile;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The environment of a caller as raw bytes, and the one that a payload gets: made from nothing, never by taking away. Immutable. */
public final class CallerEnvironment {
    /** libexec/velo-jvm sets LC_ALL for the JVM and keeps the caller's under this name. */
    private static final String CALLER_LC_ALL = "VELO_CALLER_LC_ALL";

    private final Map<String, byte[]> values;

    private CallerEnvironment(Map<String, byte[]> values) {
        this.values = values;
    }

    /** @param assignments {@code K=V} each; what is none is left out */
    public static CallerEnvironment of(List<byte[]> assignments) {
        Map<String, byte[]> values = new LinkedHashMap<>();
        for (byte[] variable : assignments) {
            String text = new String(variable, StandardCharsets.ISO_8859_1);
            int equals = text.indexOf('=');
            if (equals > 0) {
                values.put(text.substring(0, equals), text.substring(equals + 1).getBytes(StandardCharsets.ISO_8859_1));
            }
        }
        byte[] locale = values.remove(CALLER_LC_ALL);
        values.remove("LC_ALL");
        if (locale != null) {
            values.put("LC_ALL", locale);
        }
        return new CallerEnvironment(values);
    }

    /** The value of a variable as text. */
    public Optional<String> text(String name) {
        byte[] value = values.get(name);
        return value == null ? Optional.empty() : Optional.of(new String(value, StandardCharsets.UTF_8));
    }

    /** All of it as text. */
    public Map<String, String> texts() {
        Map<String, String> texts = new LinkedHashMap<>();
        for (Map.Entry<String, byte[]> variable : values.entrySet()) {
            texts.put(
                    new String(variable.getKey().getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8),
                    new String(variable.getValue(), StandardCharsets.UTF_8));
        }
        return texts;
    }

    /** Assignments for the payload: the profile's, what it and the user pass on and a terminal needs, and last the user's own. */
    List<byte[]> forPayload(Profile profile, RunRequest request) {
        Map<String, byte[]> result = new LinkedHashMap<>();
        profile.set().forEach((name, value) -> result.put(name, value.getBytes(StandardCharsets.UTF_8)));
        List<String> terminal = request.terminal() ? List.of("TERM") : List.of();
        for (List<String> names : List.of(terminal, profile.pass(), request.passed())) {
            for (String name : names) {
                String key = new String(name.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
                if (values.containsKey(key)) {
                    result.put(name, values.get(key));
                }
            }
        }
        for (byte[] assignment : request.environment()) {
            String text = new String(assignment, StandardCharsets.ISO_8859_1);
            int equals = text.indexOf('=');
            result.put(
                    new String(text.substring(0, equals).getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8),
                    text.substring(equals + 1).getBytes(StandardCharsets.ISO_8859_1));
        }
        List<byte[]> assignments = new ArrayList<>();
        result.forEach((name, value) -> assignments.add(assignment(name, value)));
        return assignments;
    }

    private static byte[] assignment(String name, byte[] value) {
        byte[] key = (name + "=").getBytes(StandardCharsets.UTF_8);
        byte[] out = Arrays.copyOf(key, key.length + value.length);
        System.arraycopy(value, 0, out, key.length, value.length);
        return out;
    }
}
