package dev.velo.profiles;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Finds profiles: the built-in ones by name, a user's by file. */
public final class ProfileCatalog {
    /** The built-in profiles, the default first. */
    public static final List<String> BUILT_IN = List.of("hermetic", "host-tools");

    /** No profile is larger, in bytes. */
    static final int MAX_SIZE = 1 << 20;

    private final SystemCalls.Table calls;

    public ProfileCatalog(SystemCalls.Table calls) {
        this.calls = calls;
    }

    /**
     * @param nameOrFile a file where it holds a slash or ends in .yaml or .yml
     * @param directory absolute: where a relative path starts
     */
    public Profile load(String nameOrFile, Path directory) throws ProfileException {
        boolean file = nameOrFile.contains("/") || nameOrFile.endsWith(".yaml") || nameOrFile.endsWith(".yml");
        return file ? fromFile(Path.of(nameOrFile), directory) : builtIn(nameOrFile);
    }

    private ProfileReader reader(String file) {
        return new ProfileReader(file, this::builtIn, calls);
    }

    private Profile builtIn(String name) throws ProfileException {
        if (!BUILT_IN.contains(name)) {
            throw new ProfileException(
                    "cannot use profile " + name + ": there is no such profile",
                    "name one of " + String.join(", ", BUILT_IN) + " or a file that ends in .yaml");
        }
        try (InputStream in = ProfileCatalog.class.getResourceAsStream(name + ".yaml")) {
            return reader(name).read(new String(in.readAllBytes(), StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new ProfileException("cannot read profile " + name + ": " + e.getMessage(), "install velo again");
        }
    }

    private Profile fromFile(Path written, Path directory) throws ProfileException {
        Path file = directory.resolve(written);
        try {
            if (Files.isDirectory(file)) {
                throw new ProfileException(
                        "cannot read profile " + written + ": it is a directory", "name a YAML file");
            }
            try (InputStream in = Files.newInputStream(file)) {
                return fromBytes(written.toString(), in.readNBytes(MAX_SIZE + 1));
            }
        } catch (IOException e) {
            String reason = Files.exists(file) ? "it cannot be read" : "there is no such file";
            throw new ProfileException(
                    "cannot read profile " + written + ": " + reason, "name a file that you may read");
        }
    }

    /** What the file of that name has, or more than {@link #MAX_SIZE} bytes of it. */
    Profile fromBytes(String file, byte[] bytes) throws ProfileException {
        if (bytes.length > MAX_SIZE) {
            throw new ProfileException("cannot read profile " + file + ": it is larger than 1 MiB", "name a YAML file");
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return reader(file).read(text);
        } catch (CharacterCodingException e) {
            throw new ProfileException("cannot read profile " + file + ": it is not UTF-8", "save it as UTF-8");
        }
    }
}
