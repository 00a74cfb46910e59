package dev.velo.runner;

import dev.velo.cas.VeloException;
import dev.velo.linkfarm.FarmBudget;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

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
        Optional<Path> configured = config().store();
        if (configured.isPresent()) {
            return configured.get();
        }
        return known("XDG_DATA_HOME", ".local/share")
                .orElseThrow(StoreLocation::homeless)
                .resolve("velo/store");
    }

    private Optional<String> value(String name) {
        return Optional.ofNullable(environment.get(name)).filter(text -> !text.isEmpty());
    }

    private static VeloException homeless() {
        return new VeloException("cannot find the store: HOME is not set", "name it with --store or VR_THE_SOURCE");
    }

    private Optional<Path> known(String variable, String below) {
        Optional<Path> named =
                value(variable).filter(text -> text.startsWith("/")).map(Path::of);
        return named.isPresent()
                ? named
                : value("HOME").map(home -> directory.resolve(home).resolve(below));
    }

    /** What the user allows the farms of a store; the default also where he has no home, for whoever names his store needs none. */
    public FarmBudget farms() throws VeloException {
        Optional<Path> file = configFile();
        return file.isPresent() ? ConfigFile.read(file.get()).farms() : FarmBudget.DEFAULT;
    }

    /** What is set for all commands of this user. */
    public ConfigFile config() throws VeloException {
        return ConfigFile.read(configFile().orElseThrow(StoreLocation::homeless));
    }

    /** Where that would be; empty where this user has no place for it. */
    public Optional<Path> configFile() {
        return known("XDG_CONFIG_HOME", ".config").map(base -> base.resolve("velo/config.yaml"));
    }
}
