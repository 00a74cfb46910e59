package dev.velo.daemon;

import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import dev.velo.namespaces.exec.IdLoan;
import dev.velo.runner.Caller;
import dev.velo.runner.CallerArguments;
import dev.velo.runner.CallerEnvironment;
import dev.velo.runner.CallerProcess;
import dev.velo.runner.CallerStreams;
import dev.velo.runner.DeclinedException;
import dev.velo.runner.PlannedRun;
import dev.velo.runner.ResidentProcess;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CopyOnWriteArrayList;

/** A caller at the other end of a connection. */
final class RemoteCaller implements CallerProcess {
    /** The number that the client gives the lock. */
    private static final int LOCK = 3;

    private static final int STANDARD_ERROR = 2;

    private final Request request;
    private final Answers answers;
    private final Resident resident;
    private final List<Runnable> atEnd = new CopyOnWriteArrayList<>();
    private Optional<RepeatableRuns.Question> question = Optional.empty();
    private Optional<PlannedRun> launched = Optional.empty();

    RemoteCaller(Request request, Answers answers, Resident resident) {
        this.request = request;
        this.answers = answers;
        this.resident = resident;
    }

    Caller caller() {
        String directory = new String(request.directory(), StandardCharsets.UTF_8);
        if (!Arrays.equals(directory.getBytes(StandardCharsets.UTF_8), request.directory())) {
            throw new DeclinedException("the name of the working directory is not valid UTF-8");
        }
        CallerStreams streams = new CallerStreams(
                new NoInput(),
                answers.stream(FrameType.OUT),
                new PrintStream(answers.stream(FrameType.ERR), true, StandardCharsets.UTF_8),
                request.isTerminal(STANDARD_ERROR),
                // What cannot be sent has nobody any more who would read why.
                () -> true);
        return new Caller(
                CallerArguments.of(request.arguments()),
                Path.of(directory),
                CallerEnvironment.asGiven(request.environment()),
                request.umask(),
                streams,
                this);
    }

    /** The plan, once it is there, answers this. */
    void asks(Optional<RepeatableRuns.Question> asked) {
        question = asked;
    }

    /** The run is the client's now. */
    Optional<PlannedRun> launched() {
        return launched;
    }

    /** The client has gone. */
    void ended() {
        atEnd.forEach(action -> new Thread(action, "velo-end").start());
    }

    @Override
    public int launch(PlannedRun run) throws VeloException {
        byte[] plan = run.plan(LOCK, OptionalLong.of(request.descriptorLimit()));
        if (!FrameType.PLAN.allows(plan.length)) {
            throw new DeclinedException("the plan has " + plan.length + " bytes");
        }
        try {
            answers.plan(plan, run.lock());
        } catch (IOException e) {
            throw new VeloException("cannot hand over the run: " + e.getMessage(), "run it again", e);
        }
        run.handedOver();
        question.ifPresent(asked -> asked.answered(run));
        launched = Optional.of(run);
        return 0;
    }

    @Override
    public void startAgain(IdLoan loan) {
        throw new DeclinedException("it takes ids that are lent to the caller");
    }

    @Override
    public Registration whenEnded(Runnable action) {
        atEnd.add(action);
        return () -> atEnd.remove(action);
    }

    @Override
    public void use(Path store) {
        if (!store.equals(resident.status().store())) {
            throw new DeclinedException("its store is " + store);
        }
    }

    @Override
    public Manifest open(UserPath file) throws ManifestException {
        return resident.manifests().open(file);
    }

    @Override
    public Optional<ResidentProcess> resident() {
        return Optional.of(resident);
    }

    private static final class NoInput extends InputStream {
        @Override
        public int read() {
            throw new DeclinedException("it reads standard input");
        }
    }
}
