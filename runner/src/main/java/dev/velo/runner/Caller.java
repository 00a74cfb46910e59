package dev.velo.runner;

import dev.velo.cas.UserPath;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.MaskedFileOps;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Who asks for a command, and all of his that it works with: nothing of it is read from the process in which the command works, which may
 * serve many callers at once.
 *
 * @param directory absolute: where his relative paths start
 * @param umask permissions that files made for him do not get, beyond what the process's own umask takes away
 * @param process what only his own process can do
 */
public record Caller(
        CallerArguments arguments,
        Path directory,
        CallerEnvironment environment,
        int umask,
        CallerStreams streams,
        CallerProcess process) {
    private static final String DEBUG = "VRIFT_DEBUG";

    public Caller {
        if (!directory.isAbsolute()) {
            throw new IllegalArgumentException("'" + directory + "' is not absolute");
        }
    }

    /** The one of a process that does one command and ends. */
    public static Caller ofThisProcess(String... arguments) {
        return ThisProcess.caller(arguments);
    }

    public UserPath path(Path written) {
        return UserPath.of(written, directory);
    }

    /** @param written null where he named none */
    public Optional<UserPath> optional(Path written) {
        return written == null ? Optional.empty() : Optional.of(path(written));
    }

    public UserPath path(String written) {
        return path(Path.of(written));
    }

    public List<UserPath> paths(List<Path> written) {
        List<UserPath> paths = new ArrayList<>();
        for (Path path : written) {
            paths.add(path(path));
        }
        return paths;
    }

    /** What makes files for him. */
    public FileOps files() {
        return umask == 0 ? FileOps.system() : new MaskedFileOps(FileOps.system(), umask);
    }

    /** He wants to see where an error comes from. */
    public boolean debugs() {
        return environment.text(DEBUG).equals(Optional.of("1"));
    }
}
