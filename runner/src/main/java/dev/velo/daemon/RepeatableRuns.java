package dev.velo.daemon;

import dev.velo.cas.UserPath;
import dev.velo.cas.store.Store;
import dev.velo.runner.Caller;
import dev.velo.runner.CallerEnvironment;
import dev.velo.runner.PlannedRun;
import dev.velo.runner.Preconditions;
import dev.velo.runner.RepeatableRun;
import dev.velo.runner.StoreLocation;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Runs that were planned, by all that their callers gave for them but the program: whoever gives the same again needs no reading of options,
 * profile and manifests. Safe for use by many threads.
 */
final class RepeatableRuns {
    /** Some kilobytes each. */
    private static final int MOST = 256;

    private static final byte[] RUN = bytes("run");
    private static final byte[] PROGRAM = bytes("--");

    /** Of the environment, what a plan may depend on besides what the program gets. */
    private static final List<byte[]> VARIABLES = Stream.of(
                    "VR_THE_SOURCE", "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "VRIFT_DEBUG", "VELO_TENANT_IDS")
            .map(name -> bytes(name + "="))
            .toList();

    /** All that a plan depends on, one behind the other. */
    private record Key(byte[] given) {
        static Key of(Request request, int program) {
            ByteArrayOutputStream given = new ByteArrayOutputStream(512);
            put(given, Integer.toOctalString(request.umask()).getBytes(StandardCharsets.US_ASCII));
            put(given, request.directory());
            request.arguments().subList(0, program).forEach(option -> put(given, option));
            put(given, PROGRAM);
            for (byte[] assignment : request.environment()) {
                if (VARIABLES.stream().anyMatch(name -> begins(assignment, name))) {
                    put(given, assignment);
                }
            }
            return new Key(given.toByteArray());
        }

        /** No argument and no path has a NUL. */
        private static void put(ByteArrayOutputStream given, byte[] text) {
            given.writeBytes(text);
            given.write(0);
        }

        private static boolean begins(byte[] text, byte[] begin) {
            return text.length >= begin.length && Arrays.equals(text, 0, begin.length, begin, 0, begin.length);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Key key && Arrays.equals(given, key.given);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(given);
        }
    }

    /** A run that is planned in full, with what must be known of it from before that. */
    static final class Question {
        private final RepeatableRuns runs;
        private final Key key;
        private final List<byte[]> command;
        private final Preconditions before;

        private Question(RepeatableRuns runs, Request request, int program, Caller caller) {
            this.runs = runs;
            this.key = Key.of(request, program);
            this.command = command(request, program);
            // It can name another store.
            this.before =
                    Preconditions.of(new StoreLocation(caller.environment().texts(), caller.directory())
                            .configFile().map(UserPath::of).stream().toList());
        }

        /** Keeps the answer, where it is one to every such question. */
        void answered(PlannedRun run) {
            run.repeatable()
                    .filter(repeatable -> repeatable.isOf(command))
                    .map(repeatable -> repeatable.on(before))
                    .filter(RepeatableRun::wouldTell)
                    .ifPresent(repeatable -> runs.put(key, repeatable));
        }
    }

    private final OpenStore store;
    private final Map<Key, RepeatableRun> runs = new LinkedHashMap<>(16, 0.75f, true);

    RepeatableRuns(OpenStore store) {
        this.store = store;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Where the options end, negative where the command is no run or does not say it. */
    private static int program(Request request) {
        List<byte[]> arguments = request.arguments();
        if (arguments.isEmpty() || !Arrays.equals(arguments.get(0), RUN)) {
            return -1;
        }
        // The last one is no program's name.
        for (int i = 1; i < arguments.size() - 1; i++) {
            if (Arrays.equals(arguments.get(i), PROGRAM)) {
                return i;
            }
        }
        return -1;
    }

    private static List<byte[]> command(Request request, int program) {
        return request.arguments().subList(program + 1, request.arguments().size());
    }

    /** Ask it before the run is planned. Empty where it could not be told from other ones. */
    Optional<Question> question(Request request, Caller caller) {
        int program = program(request);
        return program < 0 ? Optional.empty() : Optional.of(new Question(this, request, program, caller));
    }

    /** A run as one before, if there was one and nothing that it was made from has changed. */
    Optional<PlannedRun> again(Request request) throws IOException {
        int program = program(request);
        if (program < 0) {
            return Optional.empty();
        }
        Key key = Key.of(request, program);
        Optional<RepeatableRun> known = find(key);
        Optional<Store> opened = known.isEmpty() ? Optional.empty() : store.get();
        if (opened.isEmpty()) {
            return Optional.empty();
        }
        Optional<PlannedRun> run = known.get()
                .plan(opened.get(), CallerEnvironment.asGiven(request.environment()), command(request, program));
        if (run.isEmpty()) {
            forget(key, known.get());
        }
        return run;
    }

    private synchronized Optional<RepeatableRun> find(Key key) {
        return Optional.ofNullable(runs.get(key));
    }

    private synchronized void put(Key key, RepeatableRun run) {
        runs.put(key, run);
        if (runs.size() > MOST) {
            var eldest = runs.keySet().iterator();
            eldest.next();
            eldest.remove();
        }
    }

    /** Each is planned in full the next time. */
    synchronized void forget() {
        runs.clear();
    }

    private synchronized void forget(Key key, RepeatableRun run) {
        runs.remove(key, run);
    }
}
