package dev.velo.shim;

import dev.velo.cas.VeloException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Where a run without a sandbox shows its tree: like a mount point, but that nothing need be there. */
public record ShimPrefix(String path) {
    /** The variable that names it. */
    public static final String VARIABLE = "VRIFT_VFS_PREFIX";

    private static final String USUAL = "/vrift";

    /** The field of the shim, with its NUL. */
    private static final int ROOM = 256;

    private static final List<Path> KERNELS = List.of(Path.of("/proc"), Path.of("/sys"), Path.of("/dev"));

    /**
     * What the caller wants, without doubled slashes and one at the end.
     *
     * @param wanted the variable's value
     * @param store that the tree must not cover, and not be in
     */
    public static ShimPrefix of(Optional<String> wanted, Path store) throws VeloException {
        String written = wanted.filter(text -> !text.isEmpty()).orElse(USUAL);
        if (!written.startsWith("/")) {
            throw refused(written, "it is not absolute", "begin it with a slash");
        }
        Path path = Path.of(written);
        if (!path.normalize().equals(path)) {
            throw refused(written, "it has . or .. in it", "name the directory itself");
        }
        if (path.getNameCount() == 0) {
            throw refused(written, "it would hide the whole host", "name a directory below it, like /vrift");
        }
        if (path.toString().getBytes(StandardCharsets.UTF_8).length >= ROOM) {
            throw refused(written, "it is longer than " + (ROOM - 1) + " bytes", "name a shorter one");
        }
        if (KERNELS.stream().anyMatch(path::startsWith)) {
            throw refused(written, "what is there is the kernel's", "name a directory elsewhere, like /vrift");
        }
        Path real = real(path);
        if (real.startsWith(store) || store.startsWith(real)) {
            throw refused(written, "store " + store + " is there", "name a directory elsewhere, like /vrift");
        }
        // A link that leads nowhere, too: a mount could not be there either.
        if (Files.exists(path, LinkOption.NOFOLLOW_LINKS) && !Files.isDirectory(path)) {
            throw refused(written, "it is not a directory", "name a directory, or what is not there, like /vrift");
        }
        return new ShimPrefix(path.toString());
    }

    /** Of what is there; what is not may still become a way into the store. */
    private static Path real(Path path) {
        for (Path above = path; above != null; above = above.getParent()) {
            try {
                return above.toRealPath().resolve(above.relativize(path));
            } catch (IOException e) {
                continue;
            }
        }
        return path;
    }

    private static VeloException refused(String written, String reason, String remedy) {
        return new VeloException("cannot show the tree at " + written + " (" + VARIABLE + "): " + reason, remedy);
    }

    /** True where the tree hides this directory of the host. */
    public boolean hides(Path directory) {
        return directory.startsWith(path);
    }
}
