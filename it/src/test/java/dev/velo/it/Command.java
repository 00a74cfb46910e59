package dev.velo.it;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A command about to run. Output goes to files, so that neither side ever waits for the other. */
final class Command {
    private final List<String> argv;
    private final Path scratch;
    private final Map<String, String> environment = new HashMap<>();
    private Path directory;
    private byte[] input = {};
    private Duration limit = Duration.ofMinutes(2);

    Command(Path scratch, Path directory, List<String> argv) {
        this.scratch = scratch;
        this.directory = directory;
        this.argv = List.copyOf(argv);
    }

    List<String> argv() {
        return argv;
    }

    Command in(Path newDirectory) {
        directory = newDirectory;
        return this;
    }

    /** A null value removes the variable. */
    Command with(String key, String value) {
        environment.put(key, value);
        return this;
    }

    Command reading(String text) {
        return reading(text.getBytes(StandardCharsets.UTF_8));
    }

    Command reading(byte[] bytes) {
        input = bytes.clone();
        return this;
    }

    Command within(Duration newLimit) {
        limit = newLimit;
        return this;
    }

    Outcome run() {
        return start().await();
    }

    /** True when the command can be started and succeeds. */
    boolean tryRun() {
        try {
            return run().exit() == 0;
        } catch (UncheckedIOException e) {
            return false;
        }
    }

    Running start() {
        try {
            Path out = Files.createTempFile(scratch, "out", "");
            Path err = Files.createTempFile(scratch, "err", "");
            ProcessBuilder builder = new ProcessBuilder(argv)
                    .directory(directory.toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile());
            environment.forEach((key, value) -> {
                if (value == null) {
                    builder.environment().remove(key);
                } else {
                    builder.environment().put(key, value);
                }
            });
            Process process = builder.start();
            try (OutputStream stdin = process.getOutputStream()) {
                stdin.write(input);
            } catch (IOException e) {
                // A command need not read its input to the end.
                input = new byte[0];
            }
            return new Running(process, out, err);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A command that runs. */
    final class Running {
        private final Process process;
        private final Path out;
        private final Path err;

        private Running(Process process, Path out, Path err) {
            this.process = process;
            this.out = out;
            this.err = err;
        }

        Process process() {
            return process;
        }

        String outputSoFar() {
            try {
                return Files.readString(out);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Waits until the output holds this text. */
        Running says(String text) {
            long deadline = System.nanoTime() + limit.toNanos();
            while (!outputSoFar().contains(text)) {
                if (!process.isAlive() && !outputSoFar().contains(text)) {
                    throw new AssertionError("ended without saying '" + text + "': " + await());
                }
                if (System.nanoTime() > deadline) {
                    process.destroyForcibly();
                    throw new AssertionError("did not say '" + text + "': " + argv);
                }
                pause(10);
            }
            return this;
        }

        Running signal(String name) {
            try {
                new ProcessBuilder("kill", "-" + name, Long.toString(process.pid()))
                        .start()
                        .waitFor();
                return this;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }

        Outcome await() {
            try {
                if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                    process.destroyForcibly().waitFor();
                    throw new AssertionError("not done after " + limit + ": " + argv + "\n" + Files.readString(err));
                }
                Outcome outcome = new Outcome(
                        new ArrayList<>(argv), process.exitValue(), Files.readAllBytes(out), Files.readAllBytes(err));
                Files.delete(out);
                Files.delete(err);
                return outcome;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    static void pause(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
