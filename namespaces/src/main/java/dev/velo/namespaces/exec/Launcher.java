package dev.velo.namespaces.exec;

import dev.velo.namespaces.HostCapability;
import dev.velo.namespaces.LaunchException;
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
     * @param plan as {@link dev.velo.namespaces.PlanCodec} makes it
     * @param scratch a directory for the plan's bytes, which have no name any more when this process becomes the launcher
     */
    public void become(byte[] plan, Path scratch) throws LaunchException {
        execute(plan, scratch, List.of(), true);
    }

    /**
     * Becomes velo-session, the program of this launcher, in the same way.
     *
     * @param plan as docs/formats/session-plan.md says
     * @param lock a descriptor that has lost its close-on-exec flag
     * @param descriptors those of the caller's that the program inherits, with commas, or {@code none}
     */
    public void becomeSession(byte[] plan, Path scratch, int lock, String descriptors) throws LaunchException {
        execute(plan, scratch, List.of(Integer.toString(lock), descriptors), false);
    }

    private void execute(byte[] plan, Path scratch, List<String> more, boolean placed) throws LaunchException {
        if (!Files.isExecutable(program)) {
            throw new LaunchException(
                    "cannot launch: there is no program " + program,
                    "install velo again, all of its directories",
                    null);
        }
        Path file = scratch.resolve("plan");
        try (FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(plan);
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            execute(file, more, placed);
        } catch (IOException e) {
            throw new LaunchException(
                    "cannot write the launch plan: " + e.getMessage(), "free some space in the store", e);
        }
    }

    /**
     * Becomes another program, with more ids than the caller has: the launcher makes the user namespace for it. Returns only by exception.
     *
     * @param command begins with the absolute path of the program
     * @param environment the program's whole
     */
    public void becomeWithIds(IdLoan loan, List<byte[]> command, List<byte[]> environment) throws LaunchException {
        Exec exec = LibraryLoader.create(Exec.class).load("c");
        Runtime runtime = Runtime.getRuntime(exec);
        List<byte[]> arguments = new ArrayList<>();
        for (String word : List.of(
                "velo-launch",
                "--with-ids",
                Integer.toString(loan.failure()),
                Integer.toString(loan.first()),
                Integer.toString(loan.count()),
                loan.userMapper().toString(),
                loan.groupMapper().toString())) {
            arguments.add(word.getBytes(StandardCharsets.UTF_8));
        }
        arguments.addAll(command);
        exec.execve(terminated(program.toString()), vector(runtime, arguments), vector(runtime, environment));
        throw failure(runtime);
    }

    /** @param placed the plan's descriptor is a number that the program knows, else its first argument */
    private void execute(Path plan, List<String> more, boolean placed) throws LaunchException, IOException {
        // Loaded and linked before the descriptor of some jar is replaced: whatever would still have to be read could
        // not be.
        Exec exec = LibraryLoader.create(Exec.class).load("c");
        Runtime runtime = Runtime.getRuntime(exec);
        byte[] path = terminated(program.toString());
        List<byte[]> words = new ArrayList<>(List.of(utf8(program.getFileName().toString())));
        Pointer environment = vector(runtime, List.of());
        int descriptor = exec.open(terminated(plan.toString()), 0, 0);
        if (descriptor < 0) {
            throw failure(runtime);
        }
        Files.delete(plan);
        if (!placed) {
            words.add(utf8(Integer.toString(descriptor)));
        }
        more.forEach(word -> words.add(utf8(word)));
        Pointer arguments = vector(runtime, words);
        // dup2 clears close-on-exec. Nothing of the JVM runs after the exec, so what it had on this number is not
        // missed.
        if (placed && exec.dup2(descriptor, PLAN_DESCRIPTOR) < 0) {
            throw failure(runtime);
        }
        exec.execve(path, arguments, environment);
        throw failure(runtime);
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** As execve(2) takes them. In one piece of memory: what only a pointer in there leads to would be freed. */
    private static Pointer vector(Runtime runtime, List<byte[]> strings) {
        int table = (strings.size() + 1) * runtime.addressSize();
        int size = table + strings.stream().mapToInt(text -> text.length + 1).sum();
        Pointer memory = Memory.allocateDirect(runtime, size, true);
        int at = table;
        for (int i = 0; i < strings.size(); i++) {
            byte[] text = strings.get(i);
            memory.putAddress((long) i * runtime.addressSize(), memory.address() + at);
            memory.put(at, text, 0, text.length);
            at += text.length + 1;
        }
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
