package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A distribution with the real bin/velo and somebody else behind it: what it starts as Java writes down how it was started, and as a
 * resident process plays a part (resident.c).
 */
final class FakeResident implements AutoCloseable {
    static final int OUT = 17;
    static final int ERR = 18;
    static final int EXIT = 19;
    static final int DECLINE = 21;
    static final int OTHER = 22;

    /** What the stand-in of Java ends with. */
    static final int COLD = 5;

    private final Workspace work;
    private final Path home;
    private final Path runtime;

    FakeResident(Workspace work) {
        Host.needsTool("gcc");
        this.work = work;
        home = work.dir("distribution");
        runtime = work.dir("runtime");
        work.sh(home, """
                mkdir bin libexec; cp "$velo" bin/
                gcc -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -static -O1 -o resident "$1"
                cat >libexec/velo-jvm <<'END'
                #!/bin/sh
                here=${0%/libexec/*}
                if [ "${1:-} ${2:-}" = "daemon serve" ]; then
                    streams=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2 /proc/$$/fd/3)
                    { cat /proc/$$/environ; echo; umask; pwd; echo "$streams"; cut -d ' ' -f 6 /proc/$$/stat; } >$here/birth
                    echo $$ >>$here/started
                    sleep $(cat $here/delay)
                    exec $here/resident "$4" "$6" $(cat $here/part)
                fi
                # Not from below: the shell's own redirections and children would show.
                streams=$(readlink /proc/$$/fd/0 /proc/$$/fd/1 /proc/$$/fd/2)
                open=$(ls /proc/$$/fd)
                { tail -z -n +3 /proc/$$/cmdline; cat /proc/$$/environ; echo; umask; pwd; echo "$streams"; echo "$open"; } >$here/facts
                while read -r line; do case $line in SigBlk* | SigIgn*) echo "$line" >>$here/facts ;; esac; done </proc/$$/status
                echo cold
                exit 5
                END
                chmod 755 . libexec/velo-jvm; echo 0 >delay; chmod 700 "$2"
                """, Workspace.REPOSITORY.resolve("it/target/test-classes/resident.c"), runtime);
    }

    /** From its next start on. */
    FakeResident plays(String part) {
        return put("part", part);
    }

    String part() {
        try {
            return Files.readString(home.resolve("part")).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    FakeResident startsAfter(String seconds) {
        return put("delay", seconds);
    }

    private FakeResident put(String name, String text) {
        try {
            Files.writeString(home.resolve(name), text + "\n");
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path home() {
        return home;
    }

    Path client() {
        return home.resolve("bin/velo");
    }

    Path runtime() {
        return runtime;
    }

    /** As seen by the stand-in of Java. */
    Path facts() {
        return home.resolve("facts");
    }

    Command command(String... arguments) {
        List<String> argv = new ArrayList<>(List.of(client().toString()));
        argv.addAll(List.of(arguments));
        return asked(work.command(argv));
    }

    /** Wants the resident process to be used. */
    Command asked(Command command) {
        return command.with("VELO_DAEMON", "1").with("XDG_RUNTIME_DIR", runtime.toString());
    }

    /** The processes that were started, in their order. */
    List<Long> started() {
        try {
            Path list = home.resolve("started");
            return Files.exists(list)
                    ? Files.readAllLines(list).stream().map(Long::valueOf).toList()
                    : List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As what the resident process was started last. */
    List<String> birth() {
        try {
            return Files.readAllLines(home.resolve("birth"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the client sent last. */
    byte[] request() {
        try {
            return Files.readAllBytes(runtime.resolve("velo/request"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path file(byte[]... frames) {
        try {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (byte[] frame : frames) {
                all.write(frame);
            }
            Path file = Files.createTempFile(home, "frames", "");
            return Files.write(file, all.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] frame(int type, byte[] body) {
        return ByteBuffer.allocate(16 + body.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put("VELO".getBytes(StandardCharsets.US_ASCII))
                .putInt(1)
                .putInt(type)
                .putInt(body.length)
                .put(body)
                .array();
    }

    static byte[] text(int type, String text) {
        return frame(type, text.getBytes(StandardCharsets.UTF_8));
    }

    static byte[] exit(int status) {
        return frame(EXIT, new byte[] {(byte) status, 0, 0, 0});
    }

    /** Answers that {@link #isServed} knows. */
    String answers() {
        return "frames " + file(text(OUT, "out\n"), text(ERR, "err\n"), exit(3));
    }

    static void isServed(Outcome outcome) {
        outcome.exits(3);
        assertThat(outcome.out()).as(outcome.toString()).isEqualTo("out\n");
        assertThat(outcome.err()).as(outcome.toString()).isEqualTo("err\n");
    }

    /** Java did it; with one warning of these fragments, or without one where there are none. */
    static void isCold(Outcome outcome, String... fragments) {
        outcome.exits(COLD);
        assertThat(outcome.out()).as(outcome.toString()).isEqualTo("cold\n");
        if (fragments.length == 0) {
            assertThat(outcome.err()).as(outcome.toString()).isEmpty();
        } else {
            assertThat(outcome.err().strip().lines()).as(outcome.toString()).hasSize(1);
            assertThat(outcome.err())
                    .startsWith("velo: warning: cannot use the resident process: ")
                    .contains("; ")
                    .contains(fragments);
        }
    }

    void kill() {
        for (long process : started()) {
            ProcessHandle.of(process).ifPresent(handle -> {
                handle.destroyForcibly();
                handle.onExit().join();
            });
        }
    }

    @Override
    public void close() {
        kill();
    }
}
