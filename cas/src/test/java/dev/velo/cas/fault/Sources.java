package dev.velo.cas.fault;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/** Source trees, made once and only read: each run of a scenario ingests the same files. */
public final class Sources {
    private final Path root;

    private Sources(Path root) {
        this.root = root;
    }

    public static Sources at(Path root) throws IOException {
        Sources sources = new Sources(root);
        sources.file("kept/shared", "shared by all\n", "rw-r--r--");
        sources.file("kept/own", "only in kept\n", "rw-r--r--");
        sources.file("kept/tool", "#!/bin/sh\n", "rwxr-xr-x");
        sources.file("old/shared", "shared by all\n", "rw-r--r--");
        sources.file("old/own", "only in old\n", "rw-r--r--");
        sources.file("new/shared", "shared by all\n", "rw-r--r--");
        sources.file("new/run.sh", "#!/bin/sh\necho new\n", "rwxr-xr-x");
        sources.file("new/same-as-run", "#!/bin/sh\necho new\n", "rw-r--r--");
        sources.file("new/empty", "", "rw-------");
        sources.file("new/deep/er/file", "deep\n", "r--r--r--");
        Files.createDirectories(root.resolve("new/nothing"));
        Files.createSymbolicLink(root.resolve("new/link"), Path.of("run.sh"));
        sources.sparse("new/sparse", 7);
        // Large content that the store has already: it is copied first and found present then.
        sources.sparse("old/large", 9);
        sources.sparse("new/large", 9);
        return sources;
    }

    /** The trees that another process has made there. */
    static Sources made(Path root) {
        return new Sources(root);
    }

    public Path kept() {
        return root.resolve("kept");
    }

    public Path old() {
        return root.resolve("old");
    }

    public Path fresh() {
        return root.resolve("new");
    }

    private void file(String name, String content, String permissions) throws IOException {
        Path path = root.resolve(name);
        Files.createDirectories(path.getParent());
        Files.writeString(path, content);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    private void sparse(String name, int value) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(root.resolve(name).toFile(), "rw")) {
            file.setLength((2 << 20) + 70_000);
            file.seek((1 << 20) + 5);
            file.write(value);
        }
    }
}
