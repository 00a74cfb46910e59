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

    private static final String LC_ALL = "LC_ALL";

    /** bin/velo names the descriptors that it was started with, for {@link ThisProcess}. */
    static final String DESCRIPTORS = "VELO_CALLER_DESCRIPTORS";

    private final List<byte[]> assignments;

    private CallerEnvironment(List<byte[]> assignments) {
        this.assignments = assignments;
    }

    /** @param assignments {@code K=V} each, as libexec/velo-jvm passes them on; what is none is left out */
    public static CallerEnvironment of(List<byte[]> assignments) {
        CallerEnvironment given = asGiven(assignments);
        Optional<byte[]> locale = given.value(utf8(CALLER_LC_ALL));
        List<byte[]> own = new ArrayList<>(assignments);
        own.removeIf(
                each -> isOf(each, utf8(CALLER_LC_ALL)) || isOf(each, utf8(LC_ALL)) || isOf(each, utf8(DESCRIPTORS)));
        locale.ifPresent(value -> own.add(assignment(LC_ALL, value)));
        return asGiven(own);
    }

    /** @param assignments as the caller has them, with no script in between */
    public static CallerEnvironment asGiven(List<byte[]> assignments) {
        return new CallerEnvironment(assignments);
    }

    private static boolean isOf(byte[] assignment, byte[] name) {
        return assignment.length > name.length
                && assignment[name.length] == '='
                && name.length > 0
                && Arrays.equals(assignment, 0, name.length, name, 0, name.length);
    }

    /** The value of a variable; of several of one name, the last one's. */
    private Optional<byte[]> value(byte[] name) {
        for (int i = assignments.size() - 1; i >= 0; i--) {
            byte[] each = assignments.get(i);
            if (isOf(each, name)) {
                return Optional.of(Arrays.copyOfRange(each, name.length + 1, each.length));
            }
        }
        return Optional.empty();
    }

    /** The value of a variable as text. */
    public Optional<String> text(String name) {
        return value(utf8(name)).map(value -> new String(value, StandardCharsets.UTF_8));
    }

    /** All of it as text. */
    public Map<String, String> texts() {
        Map<String, String> texts = new LinkedHashMap<>();
        for (byte[] each : assignments) {
            int equals = nameLength(each);
            if (equals > 0) {
                texts.put(
                        new String(each, 0, equals, StandardCharsets.UTF_8),
                        new String(each, equals + 1, each.length - equals - 1, StandardCharsets.UTF_8));
            }
        }
        return texts;
    }

    private static int nameLength(byte[] assignment) {
        for (int i = 0; i < assignment.length; i++) {
            if (assignment[i] == '=') {
                return i;
            }
        }
        return -1;
    }

    /** Assignments for the payload: the profile's, what it and the user pass on and a terminal needs, and last the user's own. */
    List<byte[]> forPayload(Profile profile, RunRequest request) {
        Map<String, byte[]> result = new LinkedHashMap<>();
        profile.set().forEach((name, value) -> result.put(name, value.getBytes(StandardCharsets.UTF_8)));
        List<String> terminal = request.terminal() ? List.of("TERM") : List.of();
        for (List<String> names : List.of(terminal, profile.pass(), request.passed())) {
            for (String name : names) {
                value(utf8(name)).ifPresent(value -> result.put(name, value));
            }
        }
        for (byte[] assignment : request.environment()) {
            int equals = nameLength(assignment);
            result.put(
                    new String(assignment, 0, equals, StandardCharsets.UTF_8),
                    Arrays.copyOfRange(assignment, equals + 1, assignment.length));
        }
        List<byte[]> made = new ArrayList<>();
        result.forEach((name, value) -> made.add(assignment(name, value)));
        return made;
    }

    /** Assignments for a payload that works as the caller: all of them, and the user's own in the place of those of the same name. */
    List<byte[]> withAll(List<byte[]> own) {
        List<byte[]> made = new ArrayList<>(assignments);
        for (byte[] assignment : own) {
            byte[] name = Arrays.copyOf(assignment, nameLength(assignment));
            made.removeIf(each -> isOf(each, name));
            made.add(assignment);
        }
        return made;
    }

    private static byte[] assignment(String name, byte[] value) {
        byte[] key = utf8(name + "=");
        byte[] out = Arrays.copyOf(key, key.length + value.length);
        System.arraycopy(value, 0, out, key.length, value.length);
        return out;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
