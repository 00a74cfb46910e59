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
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A caller whose process is another one: what must be done in that is declined. */
final class TestCaller {
    private final Path directory;
    private final List<byte[]> environment = new ArrayList<>();
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private String in = "";
    private boolean full;
    private boolean pipe;
    private boolean terminal;
    private int umask;
    private CallerProcess process = new Elsewhere();
    private final List<Runnable> atEnd = new ArrayList<>();

    TestCaller(Path directory) {
        this.directory = directory;
    }

    TestCaller with(String name, String value) {
        return withRaw((name + "=" + value).getBytes(StandardCharsets.UTF_8));
    }

    TestCaller withRaw(byte[] assignment) {
        environment.add(assignment);
        return this;
    }

    TestCaller reading(String text) {
        in = text;
        return this;
    }

    TestCaller onTerminal() {
        terminal = true;
        return this;
    }

    TestCaller umask(int bits) {
        umask = bits;
        return this;
    }

    /** What is done with a run that was planned. */
    TestCaller launching(Launch launch) {
        process = new Elsewhere() {
            @Override
            public int launch(PlannedRun run) throws VeloException {
                return launch.of(run);
            }
        };
        return this;
    }

    interface Launch {
        int of(PlannedRun run) throws VeloException;
    }

    /** Standard output takes nothing. */
    TestCaller full(boolean whichIsAPipe) {
        full = true;
        pipe = whichIsAPipe;
        return this;
    }

    Caller caller(String... arguments) {
        List<byte[]> bytes = new ArrayList<>();
        for (String argument : arguments) {
            bytes.add(argument.getBytes(StandardCharsets.UTF_8));
        }
        return caller(CallerArguments.of(bytes));
    }

    Caller caller(CallerArguments arguments) {
        CallerStreams streams = new CallerStreams(
                new ByteArrayInputStream(in.getBytes(StandardCharsets.UTF_8)),
                full ? new Full() : out,
                new PrintStream(err, true, StandardCharsets.UTF_8),
                terminal,
                () -> pipe);
        return new Caller(arguments, directory, CallerEnvironment.of(environment), umask, streams, process);
    }

    int run(String... arguments) {
        return CommandLineSession.run(caller(arguments));
    }

    String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    /** What still waits for the end of the caller's process. */
    List<Runnable> atEnd() {
        return atEnd;
    }

    private static final class Full extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            throw new IOException("no space");
        }
    }

    private class Elsewhere implements CallerProcess {
        @Override
        public int launch(PlannedRun run) throws VeloException {
            throw new DeclinedException("launch");
        }

        @Override
        public void startAgain(IdLoan loan) {
            throw new DeclinedException("start again with " + loan.count() + " ids");
        }

        @Override
        public Registration whenEnded(Runnable action) {
            atEnd.add(action);
            return () -> atEnd.remove(action);
        }
    }
}
