package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
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

    /** @param files a case of a later one is instead of that of an earlier one */
    static PosixDifferences read(Path... files) {
        PosixDifferences differences = new PosixDifferences();
        for (Path file : files) {
            PosixDifferences more = of(file);
            more.listed.forEach((subject, cases) -> differences
                    .listed
                    .computeIfAbsent(subject, any -> new HashMap<>())
                    .putAll(cases));
        }
        return differences;
    }

    private static PosixDifferences of(Path file) {
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

    /** {@code <any>} stands for a word that another run has otherwise. */
    private static boolean isAs(String wanted, String line) {
        return wanted.equals(line)
                || (wanted.contains("<any>")
                        && line.matches(Pattern.quote(wanted).replace("<any>", "\\E\\S+\\Q")));
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

    /** By names of cases, so that one which is missing does not hide the others; names may come again. */
    void compare(String subject, List<String> disk, List<String> tree) {
        Map<String, Deque<String>> given = new LinkedHashMap<>();
        tree.forEach(line ->
                given.computeIfAbsent(nameOf(line), any -> new ArrayDeque<>()).add(line));
        List<String> wrong = new ArrayList<>();
        List<String> expected = expected(subject, disk);
        for (String wanted : expected) {
            Deque<String> lines = given.getOrDefault(nameOf(wanted), new ArrayDeque<>());
            String line = lines.isEmpty() ? "nothing" : lines.remove();
            if (!isAs(wanted, line)) {
                wrong.add("expected " + wanted + "\n     got " + line);
            }
        }
        given.values().forEach(lines -> lines.forEach(line -> wrong.add("not on a disk: " + line)));
        assertThat(wrong.subList(0, Math.min(SHOWN, wrong.size())))
                .as("%d of %d lines of %s; the first are", wrong.size(), expected.size(), subject)
                .isEmpty();
    }
}
