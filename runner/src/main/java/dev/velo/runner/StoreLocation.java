package dev.velo.runner;

import dev.velo.cas.VeloException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;
import org.yaml.snakeyaml.error.YAMLException;

/** Where the store is, resolved in one way for every command: option, VR_THE_SOURCE, config.yaml, the user's data directory. */
public final class StoreLocation {
    private final Map<String, String> environment;
    private final Path directory;

    /** @param directory absolute: where relative paths start */
    public StoreLocation(Map<String, String> environment, Path directory) {
        this.environment = environment;
        this.directory = directory;
    }

    /** @param option what --store says, if anything */
    public Path resolve(Optional<Path> option) throws VeloException {
        if (option.isPresent()) {
            return directory.resolve(option.get());
        }
        Optional<String> variable = value("VR_THE_SOURCE");
        if (variable.isPresent()) {
            return directory.resolve(variable.get());
        }
        Optional<Path> configured = configured();
        if (configured.isPresent()) {
            return configured.get();
        }
        return base("XDG_DATA_HOME", ".local/share").resolve("velo/store");
    }

    private Optional<String> value(String name) {
        return Optional.ofNullable(environment.get(name)).filter(text -> !text.isEmpty());
    }

    private Path base(String variable, String below) throws VeloException {
        Optional<String> named = value(variable).filter(text -> text.startsWith("/"));
        if (named.isPresent()) {
            return Path.of(named.get());
        }
        String home = value("HOME")
                .orElseThrow(() -> new VeloException(
                        "cannot find the store: HOME is not set", "name it with --store or VR_THE_SOURCE"));
        return directory.resolve(home).resolve(below);
    }

    private Optional<Path> configured() throws VeloException {
        Path file = base("XDG_CONFIG_HOME", ".config").resolve("velo/config.yaml");
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        try {
            Object content = new Yaml(new SafeConstructor(new LoaderOptions())).load(Files.readString(file));
            Object store = content instanceof Map<?, ?> map ? map.get("store") : null;
            if (store == null) {
                return Optional.empty();
            }
            // Only a text: a list that holds itself has no end as one.
            Path path = store instanceof String text ? Path.of(text) : null;
            if (path == null || !path.isAbsolute()) {
                throw new VeloException(
                        "cannot use " + file + ": 'store' is not an absolute path", "write store: /path/to/the/store");
            }
            return Optional.of(path);
        } catch (IOException | YAMLException | NumberFormatException | InvalidPathException e) {
            throw new VeloException(
                    "cannot read " + file + ": "
                            + String.valueOf(e.getMessage()).lines().findFirst().orElse("unreadable"),
                    "write store: /path/to/the/store",
                    e);
        }
    }
}
