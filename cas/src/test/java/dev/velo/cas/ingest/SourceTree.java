package dev.velo.cas.ingest;

import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.Timestamp;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;

/** A tree with one of everything that an ingest must carry. */
public final class SourceTree {
    private static final byte[] NOT_UTF8 = {'b', (byte) 0xe9, 't', (byte) 0xff};

    private final Path root;

    private SourceTree(Path root) {
        this.root = root;
    }

    /** Builds the tree; the same content and times wherever it is. */
    public static SourceTree at(Path root) throws IOException {
        SourceTree tree = new SourceTree(Files.createDirectories(root));
        tree.fill();
        return tree;
    }

    public Path root() {
        return root;
    }

    private void fill() throws IOException {
        file("plain.txt", "hello\n", "rw-r--r--");
        file("again.txt", "hello\n", "rw-------");
        file("run.sh", "#!/bin/sh\necho hi\n", "rwxr-xr-x");
        file("same-as-run", "#!/bin/sh\necho hi\n", "rw-r--r--");
        file("empty", "", "rw-r--r--");
        file(".hidden/.deep/file", "secret\n", "rw-r--r--");
        file("n".repeat(255), "long name\n", "r--r--r--");
        Files.createDirectories(root.resolve("empty-dir"));
        Files.createSymbolicLink(root.resolve("link"), Path.of("plain.txt"));
        Files.createSymbolicLink(root.resolve("dangling"), Path.of("/does/not/exist"));
        try (RandomAccessFile sparse =
                new RandomAccessFile(root.resolve("sparse").toFile(), "rw")) {
            sparse.setLength(8 << 20);
            sparse.seek(5 << 20);
            sparse.write(7);
        }
        FileOps files = FileOps.system();
        try (Descriptor dir = files.openDirectoryFollowing(root.toString().getBytes(StandardCharsets.UTF_8))) {
            files.createFile(dir.number(), NOT_UTF8, 0644).close();
        }
        stamp(files, root);
    }

    private void file(String name, String content, String permissions) throws IOException {
        Path path = root.resolve(name);
        Files.createDirectories(path.getParent());
        Files.writeString(path, content);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(permissions));
    }

    private static void stamp(FileOps files, Path directory) throws IOException {
        try (Descriptor dir = files.openDirectoryFollowing(directory.toString().getBytes(StandardCharsets.UTF_8))) {
            int index = 0;
            for (String name : sorted(directory)) {
                if (Files.isDirectory(directory.resolve(name), LinkOption.NOFOLLOW_LINKS)) {
                    stamp(files, directory.resolve(name));
                }
                files.setModified(
                        dir.number(),
                        name.getBytes(StandardCharsets.UTF_8),
                        new Timestamp(1_000_000_000 + index, 1 + 111 * index));
                index++;
            }
            files.setModified(dir.number(), oddNameOrSelf(files, dir), new Timestamp(1_111_111_111, 5));
            files.setModified(dir.number(), new Timestamp(1_234_567_890, 987_654_321));
        }
    }

    private static byte[] oddNameOrSelf(FileOps files, Descriptor dir) throws IOException {
        return files.statusIfPresent(dir.number(), NOT_UTF8).isPresent() ? NOT_UTF8 : new byte[] {'.'};
    }

    private static List<String> sorted(Path directory) throws IOException {
        FileOps files = FileOps.system();
        try (Descriptor dir = files.openDirectoryFollowing(directory.toString().getBytes(StandardCharsets.UTF_8))) {
            return files.list(dir.number()).stream()
                    .map(entry -> entry.name())
                    .filter(name -> !Arrays.equals(name, NOT_UTF8))
                    .map(name -> new String(name, StandardCharsets.UTF_8))
                    .sorted()
                    .toList();
        }
    }
}
