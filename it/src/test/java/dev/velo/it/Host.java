package dev.velo.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** What this machine and this user can do. A test that cannot run here says why. */
final class Host {
    private Host() {}

    static boolean isRoot() {
        try {
            return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void needsRoot(String why) {
        Assumptions.assumeTrue(isRoot(), "needs root: " + why);
    }

    static void needsOrdinaryUser(String why) {
        Assumptions.assumeFalse(isRoot(), "needs an ordinary user: " + why);
    }

    static void needsTool(String tool) {
        boolean found = false;
        for (String directory : System.getenv("PATH").split(":")) {
            found |= Files.isExecutable(Path.of(directory, tool));
        }
        Assumptions.assumeTrue(found, "needs the program " + tool);
    }
}
