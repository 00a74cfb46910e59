package dev.velo.profiles;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import org.yaml.snakeyaml.nodes.Node;

/** The section {@code limits} of a profile. */
final class LimitsReader {
    private LimitsReader() {}

    static Limits read(Node section) {
        Map<String, Node> keys = Nodes.mapping(
                section, Set.of("memory", "pids", "cpus", "disk", "file-size", "timeout", "max-output", "mode"));
        return new Limits(
                Optional.ofNullable(keys.get("timeout")).map(LimitsReader::duration),
                number(keys, "memory", Sizes::parse),
                number(keys, "pids", LimitsReader::count),
                number(keys, "cpus", Processors::parse),
                number(keys, "disk", Sizes::parse),
                number(keys, "file-size", Sizes::parse),
                number(keys, "max-output", Sizes::parse),
                Optional.ofNullable(keys.get("mode")).map(LimitsReader::bestEffort));
    }

    private static OptionalLong number(Map<String, Node> keys, String key, Function<String, Long> parser) {
        Node node = keys.get(key);
        if (node == null) {
            return OptionalLong.empty();
        }
        long number = parsed(node, parser);
        if (number < 1) {
            throw new Nodes.Fault(node, key + " must be more than 0; leave it out for no limit");
        }
        return OptionalLong.of(number);
    }

    private static Duration duration(Node node) {
        Duration time = parsed(node, Durations::parse);
        if (time.isZero()) {
            throw new Nodes.Fault(node, "timeout must be more than 0; leave it out for none");
        }
        return time;
    }

    private static <T> T parsed(Node node, Function<String, T> parser) {
        try {
            return parser.apply(Nodes.scalar(node));
        } catch (IllegalArgumentException e) {
            throw new Nodes.Fault(node, e.getMessage());
        }
    }

    private static long count(String text) {
        if (!text.matches("[0-9]{1,18}")) {
            throw new IllegalArgumentException("'" + text + "' is not a number of processes");
        }
        return Long.parseLong(text);
    }

    private static boolean bestEffort(Node node) {
        String text = Nodes.scalar(node);
        if (!text.equals("strict") && !text.equals("best-effort")) {
            throw new Nodes.Fault(node, "'" + text + "' is neither 'strict' nor 'best-effort'");
        }
        return text.equals("best-effort");
    }
}
