package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/** The real resident processes of a workspace: those whose sockets are in a directory of the test's own. */
final class Daemon implements AutoCloseable {
    private final Workspace work;
    private final Path runtime;

    Daemon(Workspace work) {
        this.work = work;
        runtime = work.dir("runtime");
        work.sh(runtime, "chmod 700 .");
    }

    Path runtime() {
        return runtime;
    }

    /** Uses it, and lets it tell why it ends. */
    Command asked(Command command) {
        return command.with("VELO_DAEMON", null)
                .with("XDG_RUNTIME_DIR", runtime.toString())
                .with("VRIFT_DEBUG", "1");
    }

    Command velo(String... arguments) {
        return asked(work.velo(arguments));
    }

    Command isolated(String... command) {
        return asked(work.isolated(command));
    }

    JsonObject status() {
        return velo("daemon", "status", "--json").run().succeeds().json();
    }

    ProcessHandle process() {
        return ProcessHandle.of(status().get("pid").getAsLong()).orElseThrow();
    }

    /** Started where it is not there yet. */
    ProcessHandle start() {
        Outcome outcome = velo("daemon", "start").run();
        assertThat(outcome.exit()).as("%s: %s", outcome, log()).isZero();
        return process();
    }

    boolean isThere() {
        return velo("daemon", "status").run().exit() == 0;
    }

    List<Path> files(String suffix) {
        Path directory = runtime.resolve("velo");
        if (!Files.exists(directory)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(file -> file.toString().endsWith(suffix)).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path socket() {
        assertThat(files(".sock")).hasSize(1);
        return files(".sock").get(0);
    }

    SocketChannel connect() {
        // An address has room for 107 bytes (unix(7)), and the directories of tests have long names.
        Path link = Path.of(
                "/tmp/velo-" + Long.toHexString(ThreadLocalRandom.current().nextLong()));
        try {
            Files.createSymbolicLink(link, socket());
            try {
                return SocketChannel.open(UnixDomainSocketAddress.of(link));
            } finally {
                Files.delete(link);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** How many runs it has planned as one before. */
    long repeated() {
        return log().lines()
                .filter(line -> line.contains("run is planned again"))
                .count();
    }

    /** Of the process that was started last for each place. */
    String log() {
        StringBuilder all = new StringBuilder();
        try {
            for (Path log : files(".log")) {
                all.append(Files.readString(log));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return all.toString();
    }

    static void until(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + 30_000_000_000L;
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what).isLessThan(deadline);
            Command.pause(20);
        }
    }

    /** By the descriptor under which each holds its lock: nobody else has that file open for long. */
    private Optional<ProcessHandle> holder(Path lock) {
        return ProcessHandle.allProcesses()
                .filter(process -> leadsTo(process, lock))
                .findFirst();
    }

    private static boolean leadsTo(ProcessHandle process, Path lock) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + process.pid() + "/fd/3"))
                    .equals(lock);
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public void close() {
        for (Path lock : files(".lock")) {
            holder(lock).ifPresent(process -> {
                process.destroyForcibly();
                process.onExit().join();
            });
        }
    }
}
