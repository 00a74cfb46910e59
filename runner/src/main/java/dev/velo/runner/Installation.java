package dev.velo.runner;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where this velo is installed: {@code bin/}, {@code lib/}, {@code libexec/}. */
public record Installation(Path home) {
    /** As libexec/velo-jvm said when it started this JVM. */
    public static Installation ofThisProcess() {
        return new Installation(Path.of(System.getProperty("velo.home", ".")).toAbsolutePath());
    }

    /** The Java that runs this. */
    String java() {
        return System.getProperty("java.home");
    }

    /** What tells this build from others: hexadecimal digits over all that it was made from. */
    public String build() throws IOException {
        return Files.readString(home.resolve("libexec/build")).strip();
    }

    public Path launcher() {
        return home.resolve("libexec/velo-launch");
    }

    /** What runs a program without a sandbox. */
    Path session() {
        return home.resolve("libexec/velo-session");
    }

    /** The first program of such a run. */
    public Path enter() {
        return home.resolve("libexec/velo-enter");
    }

    /** What executes, in such a run, programs that load no library. */
    Path supervised() {
        return home.resolve("libexec/velo-supervised");
    }

    public Path program() {
        return home.resolve("bin/velo");
    }
}
