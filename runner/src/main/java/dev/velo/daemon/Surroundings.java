package dev.velo.daemon;

import dev.velo.runner.Installation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Optional;

/** What a resident process must not outlive. For use by one thread. */
final class Surroundings {
    private final Place place;
    private final Installation installation;
    private final String build;
    private final Path store;
    private Optional<Object> storeKey = Optional.empty();

    Surroundings(Place place, Installation installation, Path store) throws IOException {
        this.place = place;
        this.installation = installation;
        this.build = installation.build();
        this.store = store;
    }

    String build() {
        return build;
    }

    /** What has gone, if anything. */
    Optional<String> missing() throws IOException {
        if (!place.isTaken()) {
            return Optional.of("its socket is gone");
        }
        if (!hasBuild()) {
            return Optional.of("its distribution is gone, or another one");
        }
        // It may not have been made yet.
        Optional<Object> found = storeFound();
        if (storeKey.isPresent() && !storeKey.equals(found)) {
            return Optional.of("its store is gone, or another one");
        }
        storeKey = found;
        return Optional.empty();
    }

    private boolean hasBuild() {
        try {
            return installation.build().equals(build);
        } catch (IOException e) {
            return false;
        }
    }

    private Optional<Object> storeFound() {
        try {
            return Optional.ofNullable(
                    Files.readAttributes(store, BasicFileAttributes.class).fileKey());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
