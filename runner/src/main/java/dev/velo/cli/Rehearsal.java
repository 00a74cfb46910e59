package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.namespaces.exec.IdLoan;
import dev.velo.runner.Caller;
import dev.velo.runner.CallerArguments;
import dev.velo.runner.CallerEnvironment;
import dev.velo.runner.CallerProcess;
import dev.velo.runner.CallerStreams;
import dev.velo.runner.DeclinedException;
import dev.velo.runner.PlannedRun;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Does one of each of the common commands on a store of its own, up to where a run would become the launcher, so that the JVM that does it can
 * write an archive of the classes that those need. Called by libexec/velo-archive.
 */
public final class Rehearsal {
    /** They are needed where no rehearsal gets: at the start of the resident process, and where a run takes place. */
    private static final List<String> ELSEWHERE = List.of(
            "dev.velo.cli.Main",
            "dev.velo.daemon.Answers",
            "dev.velo.daemon.BodyReader",
            "dev.velo.daemon.Conversation",
            "dev.velo.daemon.Incoming",
            "dev.velo.daemon.Monitor",
            "dev.velo.daemon.RemoteCaller",
            "dev.velo.daemon.Resident",
            "dev.velo.namespaces.exec.Launcher");

    private final Path directory;

    private Rehearsal(Path directory) {
        this.directory = directory;
    }

    /** @param args an empty directory, whose contents are the caller's to remove */
    public static void main(String[] args) throws IOException {
        new Rehearsal(Path.of(args[0]).toAbsolutePath()).all();
    }

    private void all() throws IOException {
        Path tree = Files.createDirectories(directory.resolve("tree/bin"));
        Files.writeString(tree.resolve("program"), "#!/bin/sh\n");
        Files.writeString(directory.resolve("tree/file"), "text\n");
        Files.createSymbolicLink(directory.resolve("tree/link"), Path.of("file"));
        String first = directory.resolve("first.velo").toString();
        String second = directory.resolve("second.velo").toString();
        rehearse("ingest", directory.resolve("tree").toString(), "--output", first);
        Files.writeString(tree.resolve("another"), "more text\n");
        rehearse("ingest", directory.resolve("tree").toString(), "--output", second);
        rehearse("run", "--isolate", "--base", first, "--manifest", second, "--", "/bin/program");
        rehearse("run", "--isolate", "--manifest", first, "--placement", "copy", "--", "/bin/program", "argument");
        rehearse("status");
        rehearse("status", "--json");
        rehearse("inspect", first);
        rehearse("diff", first, second);
        rehearse("cat", first, "file");
        rehearse("roots");
        rehearse("export", first, directory.resolve("copy").toString());
        rehearse("verify");
        rehearse("gc", "--run", "--grace", "0s");
        rehearse("run", "--no-such-option");
        rehearse("daemon", "status");
        rehearse("help");
        load();
    }

    private void rehearse(String... arguments) {
        List<byte[]> encoded = new ArrayList<>();
        for (String argument : arguments) {
            encoded.add(argument.getBytes(StandardCharsets.UTF_8));
        }
        CallerEnvironment environment = CallerEnvironment.asGiven(List.of(
                ("VR_THE_SOURCE=" + directory.resolve("store")).getBytes(StandardCharsets.UTF_8),
                ("HOME=" + directory).getBytes(StandardCharsets.UTF_8)));
        CallerStreams streams = new CallerStreams(
                System.in,
                OutputStream.nullOutputStream(),
                new PrintStream(System.err, true, StandardCharsets.UTF_8),
                false,
                () -> true);
        Caller caller =
                new Caller(CallerArguments.of(encoded), directory, environment, 0, streams, new UpToTheLaunch());
        System.err.println("rehearsed " + arguments[0] + ": " + CommandLineSession.run(caller));
    }

    private static void load() {
        Caller.ofThisProcess();
        for (String name : ELSEWHERE) {
            try {
                Class.forName(name, false, Rehearsal.class.getClassLoader());
            } catch (ClassNotFoundException | LinkageError e) {
                // It starts a little slower then.
                System.err.println("cannot load " + name + ": " + e);
            }
        }
    }

    private static final class UpToTheLaunch implements CallerProcess {
        private static final int LOCK = 3;

        @Override
        public int launch(PlannedRun run) {
            run.store();
            return run.plan(LOCK, OptionalLong.of(1024)).length == 0 ? 1 : 0;
        }

        @Override
        public void startAgain(IdLoan loan) throws VeloException {
            throw new DeclinedException("nobody lends ids for a rehearsal");
        }

        @Override
        public Registration whenEnded(Runnable action) {
            return () -> {};
        }
    }
}
