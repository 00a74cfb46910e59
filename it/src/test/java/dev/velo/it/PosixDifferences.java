package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Lines of the POSIX battery that a tree may give otherwise than a disk does: resources/shim/differences.list, each with its reason. */
final class PosixDifferences {
    private static final Pattern LINE = Pattern.compile("(.*): -?\\d+ [0-9A-Za-z]+( .*)?");
    private static final int SHOWN = 60;

    /** By subject, then by case. */
    private final Map<String, Map<String, String>> listed = new HashMap<>();

    private PosixDifferences() {}

    static PosixDifferences read(Path file) {
        PosixDifferences differences = new PosixDifferences();
        List<String> withoutReason = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(file)) {
                if (line.startsWith(" ")) {
                    withoutReason.clear();
                } else if (!line.isEmpty() && !line.startsWith("#")) {
                    differences.add(line);
                    withoutReason.add(line);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThat(withoutReason).as("differences without a reason").isEmpty();
        return differences;
    }

    private void add(String line) {
        String subject = line.substring(0, line.indexOf(' '));
        String rest = line.substring(subject.length() + 1);
        assertThat(listed.computeIfAbsent(subject, any -> new HashMap<>()).put(nameOf(rest), rest))
                .as("listed twice: %s", line)
                .isNull();
    }

    private static String nameOf(String line) {
        Matcher matcher = LINE.matcher(line);
        return matcher.matches() ? matcher.group(1) : line;
    }

    /** The lines that a tree has to give for what a disk gave. */
    private List<String> expected(String subject, List<String> disk) {
        Map<String, String> left = new HashMap<>(listed.getOrDefault(subject, Map.of()));
        List<String> expected = new ArrayList<>();
        for (String line : disk) {
            String other = left.remove(nameOf(line));
            assertThat(line)
                    .as("listed as a difference, but the disk says the same")
                    .isNotEqualTo(other);
            expected.add(other == null ? line : other);
        }
        assertThat(left).as("differences of cases that are not there").isEmpty();
        return expected;
    }

    void compare(String subject, List<String> disk, List<String> tree) {
        List<String> expected = expected(subject, disk);
        List<String> wrong = new ArrayList<>();
        for (int i = 0; i < Math.max(expected.size(), tree.size()); i++) {
            String wanted = i < expected.size() ? expected.get(i) : "nothing";
            String given = i < tree.size() ? tree.get(i) : "nothing";
            if (!wanted.equals(given)) {
                wrong.add("expected " + wanted + "\n     got " + given);
            }
        }
        assertThat(wrong.subList(0, Math.min(SHOWN, wrong.size())))
                .as("%d of %d lines of %s; the first are", wrong.size(), expected.size(), subject)
                .isEmpty();
    }
}
