package dev.velo.namespaces.exec;

import dev.velo.namespaces.HostCapability;
import dev.velo.namespaces.LaunchException;
import dev.velo.namespaces.LaunchPlan;
import dev.velo.namespaces.PlanCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jnr.ffi.LibraryLoader;
import jnr.ffi.Memory;
import jnr.ffi.Pointer;
import jnr.ffi.Runtime;

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
            execute(file);
        } catch (IOException e) {
            throw new LaunchException(
                    "cannot write the launch plan: " + e.getMessage(), "free some space in the store", e);
        }
    }

    private void execute(Path plan) throws LaunchException, IOException {
        // Loaded and linked before the descriptor of some jar is replaced: whatever would still have to be read could
        // not be.
        Exec exec = LibraryLoader.create(Exec.class).load("c");
        Runtime runtime = Runtime.getRuntime(exec);
        byte[] path = terminated(program.toString());
        Pointer arguments = Memory.allocateDirect(runtime, 2 * runtime.addressSize());
        arguments.putPointer(0, string(runtime, "velo-launch"));
        arguments.putAddress(runtime.addressSize(), 0L);
        Pointer environment = Memory.allocateDirect(runtime, runtime.addressSize());
        environment.putAddress(0, 0L);
        int descriptor = exec.open(terminated(plan.toString()), 0, 0);
        if (descriptor < 0) {
            throw failure(runtime);
        }
        Files.delete(plan);
        // dup2 clears close-on-exec. Nothing of the JVM runs after the exec, so what it had on this number is not
        // missed.
        if (exec.dup2(descriptor, PLAN_DESCRIPTOR) < 0) {
            throw failure(runtime);
        }
        exec.execve(path, arguments, environment);
        throw failure(runtime);
    }

    private static Pointer string(Runtime runtime, String text) {
        byte[] bytes = terminated(text);
        Pointer memory = Memory.allocateDirect(runtime, bytes.length);
        memory.put(0, bytes, 0, bytes.length);
        return memory;
    }

    private static byte[] terminated(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return Arrays.copyOf(bytes, bytes.length + 1);
    }

    private LaunchException failure(Runtime runtime) {
        return new LaunchException(
                "cannot execute " + program + ": errno " + runtime.getLastError(),
                "install velo again, all of its directories",
                null);
    }

    /**
     * What the launcher finds on this host, in its order.
     *
     * @param uid the user id outside as which sandboxes run
     * @param gid the group id
     */
    public List<HostCapability> probe(int uid, int gid) throws LaunchException {
        return answers(List.of("--probe", Integer.toUnsignedString(uid), Integer.toUnsignedString(gid)));
    }

    /** The system calls of this architecture, one line each: a name, and what a plan may change about it (calls.h). */
    public List<String> systemCalls() throws LaunchException {
        return probe(List.of("--syscalls"));
    }

    /**
     * Whether metadata layers work in a directory, found by mounting one.
     *
     * @param directory empty, on the file system in question; what is made in it stays
     */
    public HostCapability probeMetadata(Path directory) throws LaunchException {
        return answers(List.of("--probe-metadata", directory.toString())).get(0);
    }

    /**
     * A capability that was found to be missing here and not by the launcher, in the words of the launcher's table.
     *
     * @param type one of docs/formats/doctor.md
     * @param object what the reason speaks of
     * @param more what else it says
     */
    public HostCapability refusal(String name, boolean needed, String type, String object, String more)
            throws LaunchException {
        return answers(List.of("--refusal", name, needed ? "needed" : "optional", type, object, more))
                .get(0);
    }

    private List<HostCapability> answers(List<String> arguments) throws LaunchException {
        List<HostCapability> answers = new ArrayList<>();
        for (String line : probe(arguments)) {
            answers.add(HostCapability.parse(line));
        }
        if (answers.isEmpty()) {
            throw new LaunchException(
                    "cannot probe this host: the launcher gave no answer", "run " + program + " --probe", null);
        }
        return answers;
    }

    private List<String> probe(List<String> arguments) throws LaunchException {
        try {
            List<String> command = new ArrayList<>(List.of(program.toString()));
            command.addAll(arguments);
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            process.getOutputStream().close();
            List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            int status = process.waitFor();
            if (status != 0) {
                throw new LaunchException(
                        "cannot probe this host: the launcher ended with status " + status,
                        "run " + program + " " + String.join(" ", arguments),
                        null);
            }
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
