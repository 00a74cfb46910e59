package dev.velo.cas;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * A path as a user gave it. What works with it takes {@link #path}, which does not depend on where this process works; what speaks of it
 * takes {@link #toString}, which is how the user wrote it.
 *
 * @param written relative or absolute
 * @param path absolute, and not normalised: only the kernel knows where ".." leads behind a link
 */
public record UserPath(Path written, Path path) {
    public UserPath {
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException("'" + path + "' is not absolute");
        }
    }

    /** One that was found or computed, and that nobody wrote otherwise. */
    public static UserPath of(Path absolute) {
        return new UserPath(absolute, absolute);
    }

    /** @param directory absolute: where a relative path starts */
    public static UserPath of(Path written, Path directory) {
        return new UserPath(written, directory.resolve(written));
    }

    /** The absolute path as system calls take it. An empty one stays that: it names nothing (path_resolution(7)), least of all the directory. */
    public byte[] toBytes() {
        Path named = written.toString().isEmpty() ? written : path;
        return named.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** What a failure says, with the path in it as the user wrote it. */
    public String told(IOException failure) {
        String text = String.valueOf(failure.getMessage());
        return written.equals(path) ? text : text.replace(path.toString(), written.toString());
    }

    @Override
    public String toString() {
        return written.toString();
    }
}
