package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Runs that live, as the host sees them. */
final class Payloads {
    private Payloads() {}

    /** The payload of a run: the child of init, which is the child of the launcher, which has the command's process id. */
    static long of(Command.Running run) {
        return child(child(run.process().pid()));
    }

    private static long child(long process) {
        try {
            String children = Files.readString(Path.of("/proc/" + process + "/task/" + process + "/children"))
                    .strip();
            assertThat(children).as("the one child of process " + process).matches("[0-9]+");
            return Long.parseLong(children);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Real, effective, saved and file system id are one. */
    static int uid(long process) {
        try {
            String line = Files.readAllLines(Path.of("/proc/" + process + "/status")).stream()
                    .filter(text -> text.startsWith("Uid:"))
                    .findFirst()
                    .orElseThrow();
            String[] ids = line.split("\\s+");
            assertThat(ids).hasSize(5);
            assertThat(ids[1]).isEqualTo(ids[2]).isEqualTo(ids[3]).isEqualTo(ids[4]);
            return Integer.parseInt(ids[1]);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
