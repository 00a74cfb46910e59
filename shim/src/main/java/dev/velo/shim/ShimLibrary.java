package dev.velo.shim;

import dev.velo.cas.VeloException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The preload library: an absolute path that LD_PRELOAD can hold. */
public record ShimLibrary(Path file) {
    /** The variable that names another one than the distribution's. */
    public static final String VARIABLE = "VRIFT_SHIM_PATH";

    private static final String NAME = "lib/libvelo-shim.so";

    /**
     * Finds it.
     *
     * @param named the variable's value
     * @param directory where a relative one starts
     * @param home of the distribution
     */
    public static ShimLibrary find(Optional<String> named, Path directory, Path home) throws VeloException {
        Optional<Path> own = named.filter(text -> !text.isEmpty()).map(directory::resolve);
        Path file = own.orElse(home.resolve(NAME)).normalize();
        if (!Files.isRegularFile(file) || !Files.isReadable(file)) {
            throw new VeloException(
                    "cannot load the shim: there is no file " + file + " that can be read",
                    own.isPresent()
                            ? "name the library with " + VARIABLE + ", or unset that"
                            : "install velo again, all of its directories, or add --isolate");
        }
        // By its name a process of the run finds the library that its own children need, too.
        if (!file.getFileName().toString().startsWith("libvelo-shim")) {
            throw new VeloException(
                    "cannot load the shim: " + file + " is not named libvelo-shim",
                    "name the library with " + VARIABLE + ", or unset that");
        }
        // ld.so(8) takes both as the end of a name.
        if (file.toString().contains(":") || file.toString().contains(" ")) {
            throw new VeloException(
                    "cannot load the shim: the dynamic linker takes no colon and no space in " + file,
                    "install velo elsewhere, or add --isolate");
        }
        return new ShimLibrary(file);
    }

    /**
     * Whether a program that is started with it has it.
     *
     * @param enter the program velo-enter
     */
    public boolean isTaken(Path enter) throws IOException {
        ProcessBuilder check = new ProcessBuilder(enter.toString(), "--check", file.toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD);
        check.environment().put("LD_PRELOAD", file.toString());
        check.environment().remove("VELO_SHIM_SESSION");
        Process process = check.start();
        process.getOutputStream().close();
        try {
            return process.waitFor() == 0;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            process.destroyForcibly();
            return false;
        }
    }
}
