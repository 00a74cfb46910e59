package dev.velo.runner;

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

    public Path launcher() {
        return home.resolve("libexec/velo-launch");
    }

    public Path program() {
        return home.resolve("bin/velo");
    }
}
