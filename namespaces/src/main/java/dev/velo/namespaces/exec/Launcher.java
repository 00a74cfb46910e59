package dev.velo.namespaces.exec;

import dev.velo.namespaces.LaunchException;
import dev.velo.namespaces.LaunchPlan;
import dev.velo.namespaces.PlanCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import jnr.constants.platform.Errno;
import jnr.constants.platform.OpenFlags;
import jnr.posix.POSIX;
import jnr.posix.POSIXFactory;

/**
 * Turns this process into the launcher. The process id, the standard descriptors, the terminal and the place in the process group stay
 * what they are; the JVM is gone.
 */
public final class Launcher {
    private static final int PLAN_DESCRIPTOR = 3;

    private final Path program;

    /** @param program the path of velo-launch */
    public Launcher(Path program) {
        this.program = program;
    }

    /**
     * Becomes the launcher. Returns only by exception. Descriptors that the plan keeps must have lost their close-on-exec flag.
     *
     * @param scratch a directory for the plan's bytes, which have no name any more when this process becomes the launcher
     */
    public void become(LaunchPlan plan, Path scratch) throws LaunchException {
        if (!Files.isExecutable(program)) {
            throw new LaunchException(
                    "cannot launch: there is no program " + program,
                    "install velo again, all of its directories",
                    null);
        }
        Path file = scratch.resolve("plan");
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(PlanCodec.encode(plan));
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
        } catch (IOException e) {
            throw new LaunchException(
                    "cannot write the launch plan: " + e.getMessage(), "free some space in the store", e);
        }
        execute(file);
    }

    private void execute(Path plan) throws LaunchException {
        POSIX posix = POSIXFactory.getNativePOSIX();
        int descriptor = posix.open(plan.toString(), OpenFlags.O_RDONLY.intValue(), 0);
        // Whatever the JVM has on this number is closed by this; nothing of the JVM runs after the exec. dup2 clears
        // close-on-exec.
        if (descriptor < 0 || posix.dup2(descriptor, PLAN_DESCRIPTOR) < 0) {
            throw failure(posix);
        }
        posix.unlink(plan.toString());
        posix.execve(program.toString(), new String[] {"velo-launch"}, new String[0]);
        throw failure(posix);
    }

    private LaunchException failure(POSIX posix) {
        return new LaunchException(
                "cannot execute " + program + ": " + Errno.valueOf(posix.errno()),
                "install velo again, all of its directories",
                null);
    }

    /** The capabilities that the launcher finds on this host, one line each: a name, then {@code ok} or an errno and its text. */
    public List<String> probe() throws LaunchException {
        try {
            Process process = new ProcessBuilder(program.toString(), "--probe")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            process.getOutputStream().close();
            List<String> lines =
                    new String(process.getInputStream().readAllBytes()).lines().toList();
            process.waitFor();
            return lines;
        } catch (IOException e) {
            throw new LaunchException(
                    "cannot execute " + program + ": " + e.getMessage(),
                    "install velo again, all of its directories",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LaunchException("cannot probe this host: interrupted", "start it again", e);
        }
    }
}
