package dev.velo.runner;

import dev.velo.cas.VeloException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.StoreException;
import dev.velo.namespaces.LaunchException;
import dev.velo.namespaces.exec.IdLoan;
import dev.velo.namespaces.exec.Launcher;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** A process that was started for one command. No other class reads who called it: its arguments, environment, directory and streams. */
final class ThisProcess implements CallerProcess {
    private ThisProcess() {}

    static Caller caller(String... arguments) {
        CallerStreams streams = new CallerStreams(
                System.in,
                new FileOutputStream(FileDescriptor.out),
                System.err,
                Boolean.getBoolean("velo.terminal"),
                ThisProcess::outIsPipe);
        // The kernel has its umask, and applies it.
        return new Caller(
                arguments(arguments), Path.of("").toAbsolutePath(), environment(), 0, streams, new ThisProcess());
    }

    private static CallerArguments arguments(String... decoded) {
        List<byte[]> raw;
        try {
            List<byte[]> all = strings("cmdline");
            // The JVM's own stand before them.
            raw = all.subList(Math.max(0, all.size() - decoded.length), all.size());
        } catch (IOException e) {
            raw = List.of();
        }
        return new CallerArguments(List.of(decoded), raw.size() == decoded.length ? raw : List.of());
    }

    private static CallerEnvironment environment() {
        try {
            return CallerEnvironment.of(strings("environ"));
        } catch (IOException e) {
            // What the JVM has decoded will do where there is no /proc: no program runs there, and else all is text.
            List<byte[]> encoded = new ArrayList<>();
            for (Map.Entry<String, String> variable : System.getenv().entrySet()) {
                encoded.add((variable.getKey() + "=" + variable.getValue()).getBytes(StandardCharsets.UTF_8));
            }
            return CallerEnvironment.of(encoded);
        }
    }

    /** As proc(5) shows them: each ends with a zero byte. */
    private static List<byte[]> strings(String name) throws IOException {
        byte[] bytes;
        // Every command does this: the channels of java.nio take longer to load than all of it.
        try (FileInputStream in = new FileInputStream("/proc/self/" + name)) {
            bytes = in.readAllBytes();
        }
        List<byte[]> all = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == 0) {
                all.add(Arrays.copyOfRange(bytes, start, i));
                start = i + 1;
            }
        }
        return all;
    }

    private static boolean outIsPipe() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString().startsWith("pipe:");
        } catch (IOException e) {
            return false;
        }
    }

    /** Becomes the program that runs it: the JVM is gone then, and the lock's descriptor is still open under its number. */
    @Override
    public int launch(PlannedRun run) throws VeloException, LaunchException {
        FileOps files = run.store().files();
        byte[] plan;
        String descriptors;
        try {
            files.keepAtExec(run.lock());
            plan = run.plan(run.lock(), OptionalLong.of(files.raiseDescriptorLimit()));
            descriptors = CallerEnvironment.asGiven(strings("environ"))
                    .text(CallerEnvironment.DESCRIPTORS)
                    .orElse("none");
        } catch (IOException e) {
            throw StoreException.of(
                    "cannot prepare the run in store " + run.store().path(), e);
        }
        Launcher launcher = new Launcher(run.program());
        if (run.form() == PlannedRun.Form.SESSION) {
            launcher.becomeSession(plan, run.directory(), run.lock(), descriptors);
        } else {
            launcher.become(plan, run.directory());
        }
        throw new IllegalStateException("the launcher did not take over");
    }

    @Override
    public void startAgain(IdLoan loan) throws VeloException {
        try {
            List<byte[]> command = strings("cmdline");
            command.set(0, Path.of("/proc/self/exe").toRealPath().toString().getBytes(StandardCharsets.UTF_8));
            List<byte[]> variables = new ArrayList<>();
            String assignment = TenantIdRange.VARIABLE + "=";
            for (byte[] variable : strings("environ")) {
                if (!new String(variable, StandardCharsets.ISO_8859_1).startsWith(assignment)) {
                    variables.add(variable);
                }
            }
            variables.add((assignment + loan.first() + ":" + loan.count()).getBytes(StandardCharsets.US_ASCII));
            new Launcher(Installation.ofThisProcess().launcher()).becomeWithIds(loan, command, variables);
        } catch (IOException | LaunchException e) {
            throw new VeloException(
                    "cannot start velo with the ids that are lent to you: " + e.getMessage(), "see velo doctor", e);
        }
        throw new IllegalStateException("velo was not started again");
    }

    /** A JVM that gets a signal ends when its hooks have ended. */
    @Override
    public Registration whenEnded(Runnable action) {
        Thread hook = new Thread(action, "velo-end");
        Runtime.getRuntime().addShutdownHook(hook);
        return () -> {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // The end has begun: the hook finds that there is nothing left to do.
                return;
            }
        };
    }
}
