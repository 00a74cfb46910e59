package dev.velo.cas.fault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.cas.posix.FileOps;
import java.io.File;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** A scenario in child processes that halt themselves at the n-th call. */
public final class KilledProcesses {
    private static final int STATUS = 137;

    private final String name;
    private final Path sources;
    private final Scenario scenario;

    KilledProcesses(String name, Path sources, Scenario scenario) {
        this.name = name;
        this.sources = sources;
        this.scenario = scenario;
    }

    void run(int points) throws Exception {
        int calls = calls();
        Random random = new Random(Campaign.SEED);
        int killed = 0;
        for (int point = 0; point < points; point++) {
            int at = 1 + random.nextInt(calls);
            Path directory = Scratch.make();
            try {
                scenario.prepare(directory);
                int status = child(directory, at);
                assertThat(status)
                        .as("status of a child that halts at call " + at)
                        .isIn(0, STATUS);
                killed += status == STATUS ? 1 : 0;
                scenario.check(directory, status == 0);
                scenario.act(directory, FileOps.system());
                scenario.check(directory, true);
            } finally {
                Scratch.remove(directory);
            }
        }
        System.out.println(name + ": " + killed + " of " + points + " child processes halted in the middle of it");
        assertThat(killed).isGreaterThan(points / 2);
    }

    private int calls() throws Exception {
        Path directory = Scratch.make();
        try {
            scenario.prepare(directory);
            FaultyFileOps files = FaultyFileOps.sound();
            scenario.act(directory, files.ops());
            return files.calls().size();
        } finally {
            Scratch.remove(directory);
        }
    }

    private int child(Path directory, int at) throws Exception {
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xshare:auto",
                        "-cp",
                        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                        KilledProcesses.class.getName(),
                        name,
                        sources.toString(),
                        directory.toString(),
                        Integer.toString(at))
                .redirectErrorStream(true)
                .redirectOutput(new File(directory.toFile(), "child.log"))
                .start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError("a child process did not end");
        }
        return process.exitValue();
    }

    /** The child. */
    public static void main(String[] arguments) throws Exception {
        StoreScenarios scenarios = new StoreScenarios(Sources.made(Path.of(arguments[1])));
        Scenario scenario = arguments[0].equals("ingest") ? scenarios.ingestion() : scenarios.collection();
        FaultyFileOps files = new FaultyFileOps(Fault.HALT, Integer.parseInt(arguments[3]));
        scenario.act(Path.of(arguments[2]), files.ops());
    }
}
