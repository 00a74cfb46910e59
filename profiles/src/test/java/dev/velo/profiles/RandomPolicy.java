package dev.velo.profiles;

import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;

/** Good sections of limits and system calls. */
final class RandomPolicy {
    /** System calls that there are. */
    static final Map<String, SystemCalls.Rule> CALLS = Map.of(
            "getcwd", SystemCalls.Rule.FREE,
            "mkdir", SystemCalls.Rule.FREE,
            "keyctl", SystemCalls.Rule.DENIED,
            "add_key", SystemCalls.Rule.DENIED,
            "mount", SystemCalls.Rule.FIXED,
            "ioctl", SystemCalls.Rule.CHECKED,
            "execve", SystemCalls.Rule.NEEDED);

    private final Random random;

    RandomPolicy(Random random) {
        this.random = random;
    }

    static ProfileCatalog catalog() {
        return new ProfileCatalog(() -> CALLS);
    }

    private boolean some() {
        return random.nextBoolean();
    }

    private OptionalLong number(YamlTree.Mapping section, String key, List<String> units) {
        if (!some()) {
            return OptionalLong.empty();
        }
        int unit = random.nextInt(units.size());
        long number = 1 + random.nextInt(1 << random.nextInt(1, 20));
        section.put(key, number + units.get(unit));
        return OptionalLong.of(number << 10 * unit);
    }

    Limits limits(YamlTree.Mapping tree) {
        YamlTree.Mapping section = new YamlTree.Mapping();
        long millis = 1 + random.nextInt(1_000_000);
        long thousandths = 10 + random.nextInt(1_000_000);
        Optional<Duration> time = some() ? Optional.of(Duration.ofMillis(millis)) : Optional.empty();
        OptionalLong processors = some() ? OptionalLong.of(thousandths) : OptionalLong.empty();
        Optional<Boolean> bestEffort = some() ? Optional.of(some()) : Optional.empty();
        time.ifPresent(value -> section.put("timeout", millis + "ms"));
        processors.ifPresent(
                value -> section.put("cpus", thousandths / 1000 + String.format(".%03d", thousandths % 1000)));
        bestEffort.ifPresent(value -> section.put("mode", value ? "best-effort" : "strict"));
        List<String> sizes = List.of("", "K", "MiB");
        Limits limits = new Limits(
                time,
                number(section, "memory", sizes),
                number(section, "pids", List.of("")),
                processors,
                number(section, "disk", sizes),
                number(section, "file-size", sizes),
                number(section, "max-output", sizes),
                bestEffort);
        tree.put("limits", section);
        return limits;
    }

    SystemCalls calls(YamlTree.Mapping tree) {
        YamlTree.Mapping section = new YamlTree.Mapping();
        SystemCalls calls = new SystemCalls(
                names(section, "deny", List.of("getcwd", "mkdir", "ioctl")),
                names(section, "allow", List.of("keyctl", "add_key")));
        tree.put("syscalls", section);
        return calls;
    }

    private Set<String> names(YamlTree.Mapping section, String key, List<String> from) {
        Set<String> names = new LinkedHashSet<>();
        YamlTree.Sequence list = new YamlTree.Sequence();
        for (String name : from) {
            if (some()) {
                names.add(name);
                list.items().add(new YamlTree.Text(name));
            }
        }
        if (!names.isEmpty() || some()) {
            section.put(key, list);
        }
        return names;
    }
}
