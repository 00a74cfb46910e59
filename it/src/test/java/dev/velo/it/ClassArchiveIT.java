package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The archive of classes: made whole or not at all, used where it fits, and no reason for velo not to work. */
@Tag("once")
class ClassArchiveIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private Path home;
    private Path archives;

    /** A distribution that was copied to another place, with the archive of the place it comes from. */
    @BeforeEach
    void copy() {
        Path place = work.dir("place");
        work.sh(place, "cp -a \"$1\" velo", Workspace.HOME);
        home = place.resolve("velo");
        work.ingest(work.tree("echo x >x"));
        archives = home.resolve("lib/archive");
    }

    private Command make() {
        return work.command(List.of(home.resolve("libexec/velo-archive").toString()));
    }

    private Command velo(String... arguments) {
        List<String> argv = new ArrayList<>(List.of(home.resolve("bin/velo").toString()));
        argv.addAll(List.of(arguments));
        return work.command(argv).with("VELO_DAEMON", "0");
    }

    private List<Path> archives(String suffix) throws IOException {
        if (!Files.isDirectory(archives)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(archives)) {
            return all.filter(each -> each.toString().endsWith(suffix)).toList();
        }
    }

    private Path archive() throws IOException {
        assertThat(archives(".jsa")).hasSize(1);
        return archives(".jsa").get(0);
    }

    /** What Java would be started with: what stands in its place prints that, and says that it is of the same version. */
    private String flags() {
        Path jdk = work.dir("jdk");
        work.sh(jdk, """
                java=$(readlink -f "$(PATH=${JAVA_HOME:+$JAVA_HOME/bin:}$PATH command -v java)")
                cp "${java%/bin/java}/release" . && mkdir bin && printf '#!/bin/sh\\nfor each; do echo "$each"; done\\n' >bin/java && chmod 755 bin/java
                """);
        return velo("status").with("JAVA_HOME", jdk.toString()).run().succeeds().out();
    }

    private boolean isUsed() {
        return flags().contains("-XX:SharedArchiveFile=" + archives);
    }

    private void works() {
        Outcome outcome = velo("status").run().succeeds();
        assertThat(outcome.out()).startsWith("store ");
        assertThat(outcome.err()).as("standard error of %s", outcome).isEmpty();
    }

    @Test
    void theBuildMakesOneAndItsCopyElsewhereIsNotUsed() throws IOException {
        assertThat(archive()).as("made by mvn package").isNotEmptyFile();
        assertThat(isUsed()).isFalse();
        works();
        Path before = archive();
        make().run().succeeds();
        assertThat(archive()).as("the one of the other place").isNotEqualTo(before);
        assertThat(isUsed()).isTrue();
        works();
        Path made = archive();
        make().run().succeeds();
        assertThat(archive()).as("one that fits is kept").isEqualTo(made);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made)))
                .isEqualTo("rw-r--r--");
    }

    /** It has more libraries behind the usual ones, and a JVM that says what it has mapped. */
    @Test
    void theResidentProcessUsesIt() throws IOException {
        make().run().succeeds();
        Path runtime = work.dir("runtime");
        work.sh(runtime, "chmod 700 .");
        velo("daemon", "start")
                .with("XDG_RUNTIME_DIR", runtime.toString())
                .run()
                .succeeds();
        try {
            long pid = velo("daemon", "status", "--json")
                    .with("XDG_RUNTIME_DIR", runtime.toString())
                    .run()
                    .succeeds()
                    .json()
                    .get("pid")
                    .getAsLong();
            assertThat(Files.readString(Path.of("/proc/" + pid + "/maps")))
                    .contains(archive().toString());
        } finally {
            velo("daemon", "stop").with("XDG_RUNTIME_DIR", runtime.toString()).run();
        }
    }

    @Test
    void anotherBuildHasAnotherOne() throws IOException {
        make().run().succeeds();
        Path old = archive();
        Files.writeString(home.resolve("libexec/build"), "0123456789abcdef0123456789abcdef\n");
        assertThat(isUsed()).isFalse();
        make().run().succeeds();
        assertThat(isUsed()).isTrue();
        assertThat(archive()).isNotEqualTo(old);
    }

    @Test
    void aDamagedOneIsLeftAsideAndMadeAgain() throws IOException {
        make().run().succeeds();
        Path archive = archive();
        byte[] good = Files.readAllBytes(archive);
        for (long length : new long[] {0, 100, 4096, good.length / 2, good.length - 1}) {
            Files.write(archive, good);
            try (RandomAccessFile file = new RandomAccessFile(archive.toFile(), "rw")) {
                file.setLength(length);
            }
            works();
        }
        byte[] garbage = new byte[4096];
        new Random(7).nextBytes(garbage);
        for (int at : new int[] {0, 8, 1000, 20_000, good.length / 2, good.length - 5000}) {
            Files.write(archive, good);
            try (RandomAccessFile file = new RandomAccessFile(archive.toFile(), "rw")) {
                file.seek(at);
                file.write(garbage);
            }
            works();
        }
        make().run().succeeds();
        assertThat(archive()).isNotEqualTo(archive);
        assertThat(isUsed()).isTrue();
        works();
        Files.write(archive(), good);
        Files.delete(home.resolve("lib").resolve("slf4j-nop-2.0.17.jar"));
        works();
    }

    @Test
    void manyAtOnceAndOneThatIsKilledLeaveOneThatFits() throws Exception {
        work.sh(home, "rm -r lib/archive");
        Command.Running killed = make().start();
        while (archives("").isEmpty() && killed.process().isAlive()) {
            Command.pause(5);
        }
        // The JVM that it waits for may go on for a moment: it writes to a directory of its own.
        killed.process().destroyForcibly().waitFor();
        assertThat(archives(".jsa")).isEmpty();
        assertThat(isUsed()).isFalse();
        works();

        List<Command.Running> all = List.of(make().start(), make().start());
        for (Command.Running each : all) {
            each.await().succeeds();
        }
        assertThat(isUsed()).isTrue();
        works();
        make().run().succeeds();
        assertThat(archive()).isNotEmptyFile();
    }

    @Test
    void whereNoneCanBeMadeThatIsSaidAndVeloWorks() throws IOException {
        work.sh(home, "rm -r lib/archive; touch lib/archive");
        Outcome outcome = make().run().exits(1);
        assertThat(outcome.err().lines()).hasSize(1);
        assertThat(outcome.err()).contains("cannot make an archive of classes: ", "; velo works without it");
        works();
    }
}
