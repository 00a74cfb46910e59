package dev.velo.runner;

import dev.velo.cas.VeloException;
import dev.velo.linkfarm.FarmBudget;
import dev.velo.profiles.Durations;
import dev.velo.profiles.Sizes;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** A user's config.yaml. What it does not say is empty. */
public final class ConfigFile {
    private final Path file;
    private final Map<?, ?> values;

    private ConfigFile(Path file, Map<?, ?> values) {
        this.file = file;
        this.values = values;
    }

    static ConfigFile read(Path file) throws VeloException {
        if (!Files.exists(file)) {
            return new ConfigFile(file, Map.of());
        }
        try {
            Object content = new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(file));
            return new ConfigFile(file, content instanceof Map<?, ?> map ? map : Map.of());
        } catch (IOException | YAMLException | NumberFormatException e) {
            throw new VeloException(
                    "cannot read " + file + ": "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse("unreadable"),
                    "write store: /path/to/the/store",
                    e);
        }
    }

    /** {@code store}: an absolute path. */
    Optional<Path> store() throws VeloException {
        Object store = values.get("store");
        if (store == null) {
            return Optional.empty();
        }
        try {
            // Only a text: a list that holds itself has no end as one.
            Path path = store instanceof String text ? Path.of(text) : null;
            if (path != null && path.isAbsolute()) {
                return Optional.of(path);
            }
        } catch (InvalidPathException e) {
            throw unusable("'store' is no path", "write store: /path/to/the/store", e);
        }
        throw unusable("'store' is not an absolute path", "write store: /path/to/the/store", null);
    }

    /** {@code daemon.idle}: after which a resident process ends that nobody needs. */
    public Optional<Duration> idle() throws VeloException {
        Object idle = values.get("daemon") instanceof Map<?, ?> daemon ? daemon.get("idle") : null;
        if (idle == null) {
            return Optional.empty();
        }
        try {
            if (idle instanceof String text) {
                return Optional.of(Durations.parse(text));
            }
        } catch (IllegalArgumentException e) {
            throw unusable("'daemon.idle': " + e.getMessage(), "write a time such as 3h or 90s", e);
        }
        throw unusable("'daemon.idle' is no time", "write one such as 3h or 90s", null);
    }

    /** {@code farms.count} and {@code farms.size}: how many farms a store keeps, and how much of the disk they take. */
    public FarmBudget farms() throws VeloException {
        Object farms = values.get("farms");
        Map<?, ?> keys = farms instanceof Map<?, ?> map ? map : Map.of();
        FarmBudget budget = FarmBudget.DEFAULT;
        return new FarmBudget(count(keys.get("count"), budget.count()), size(keys.get("size"), budget.bytes()));
    }

    private long count(Object count, long otherwise) throws VeloException {
        if (count == null) {
            return otherwise;
        }
        if (count instanceof Integer number && number > 0) {
            return number;
        }
        throw unusable("'farms.count' is no number from 1 on", "write one such as 64", null);
    }

    private long size(Object size, long otherwise) throws VeloException {
        if (size == null) {
            return otherwise;
        }
        try {
            if (size instanceof String || size instanceof Integer || size instanceof Long) {
                return Sizes.parse(size.toString());
            }
        } catch (IllegalArgumentException e) {
            throw unusable("'farms.size': " + e.getMessage(), "write a size such as 512M or 4G", e);
        }
        throw unusable("'farms.size' is no size", "write one such as 512M or 4G", null);
    }

    private VeloException unusable(String reason, String remedy, Exception cause) {
        return new VeloException("cannot use " + file + ": " + reason, remedy, cause);
    }
}
