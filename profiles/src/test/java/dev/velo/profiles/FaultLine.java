package dev.velo.profiles;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the message of a fault must look like: one short line that names the file and, where there is one, the place. */
final class FaultLine {
    private static final Pattern PLACE = Pattern.compile("line ([0-9]+), column ([0-9]+): (.+); [^;]+");
    private static final Set<String> WITHOUT_PLACE =
            Set.of("it is larger than 1 MiB; name a YAML file", "it is not UTF-8; save it as UTF-8");

    private FaultLine() {}

    /** @return the fault without what is the document's own */
    static String check(String message, String file, byte[] document) {
        String start = "cannot read profile " + file + ": ";
        assertThat(message).startsWith(start);
        String rest = message.substring(start.length());
        // Characters as people see them: one of another plane takes two of Java's.
        assertThat(rest.codePointCount(0, rest.length())).as(rest).isLessThan(400);
        assertThat(rest.codePoints().filter(FaultLine::disturbs).mapToObj(Integer::toHexString))
                .as("characters that may end a line or move the cursor in: " + rest)
                .isEmpty();
        Matcher matcher = PLACE.matcher(rest);
        if (!matcher.matches()) {
            assertThat(WITHOUT_PLACE).contains(rest);
            return rest;
        }
        String text = new String(document, StandardCharsets.UTF_8);
        // For SnakeYAML a carriage return is a line break where something follows.
        String[] lines = text.split("\r\n|\r(?!\\z)|[\n\u0085\u2028\u2029]", -1);
        int line = Integer.parseInt(matcher.group(1));
        assertThat(line).as(rest).isBetween(1, lines.length);
        // The mark after the last character of a line, or of the document.
        String marked = lines[line - 1];
        assertThat(Integer.parseInt(matcher.group(2)))
                .as(rest)
                .isBetween(1, marked.codePointCount(0, marked.length()) + 1);
        return matcher.group(3)
                .replaceAll("'.*'", "''")
                .replaceAll("/\\S*", "/")
                .replaceAll("[^ -~]|[0-9]+", "");
    }

    private static boolean disturbs(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE -> true;
            default -> false;
        };
    }
}
