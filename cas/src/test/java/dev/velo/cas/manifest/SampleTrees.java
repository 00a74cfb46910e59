package dev.velo.cas.manifest;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.posix.Timestamp;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/** Trees for tests. */
final class SampleTrees {
    private SampleTrees() {}

    static Digest digest(String content) {
        return Digest.of(content.getBytes(StandardCharsets.UTF_8));
    }

    static FileNode file(String content, int mode) {
        return new FileNode(mode, content.length(), new Timestamp(1_000_000_000, 123), digest(content));
    }

    static DirectoryNode.Child child(String name, TreeNode node) {
        return new DirectoryNode.Child(FileName.of(name), node);
    }

    static DirectoryNode directory(DirectoryNode.Child... children) {
        List<DirectoryNode.Child> sorted = new ArrayList<>(List.of(children));
        sorted.sort(null);
        return new DirectoryNode(0755, new Timestamp(1_000_000_001, 0), false, sorted);
    }

    /** What golden/sample.velo holds: every type, an opaque directory, a name that is not UTF-8, times before the epoch. */
    static DirectoryNode golden() {
        DirectoryNode opaque = new DirectoryNode(
                01777, new Timestamp(-1, 999_999_999), true, List.of(child("gone", new WhiteoutNode())));
        DirectoryNode.Child odd =
                new DirectoryNode.Child(FileName.of(new byte[] {(byte) 0xff, 'x'}), file("odd", 0600));
        return directory(
                child("bin", directory(child("tool", file("#!/bin/sh\n", 0755)))),
                child("empty", file("", 0644)),
                child("empty-dir", directory()),
                child("link", new SymlinkNode(new Timestamp(0, 1), "../any where".getBytes(StandardCharsets.UTF_8))),
                child("opaque", opaque),
                child("same", file("#!/bin/sh\n", 0644)),
                child("setuid", file("suid", 04755)),
                odd);
    }

    /** A random tree of about {@code size} entries. */
    static DirectoryNode random(Random random, int size) {
        List<DirectoryNode.Child> children = new ArrayList<>();
        Set<FileName> names = new HashSet<>();
        int left = size;
        while (left > 0) {
            FileName name = name(random);
            if (!names.add(name)) {
                continue;
            }
            int share = 1 + random.nextInt(left);
            children.add(new DirectoryNode.Child(name, node(random, share)));
            left -= share;
        }
        children.sort(null);
        return new DirectoryNode(random.nextInt(010000), time(random), random.nextInt(8) == 0, children);
    }

    private static TreeNode node(Random random, int share) {
        if (share > 1 || random.nextInt(6) == 0) {
            return random(random, share - 1);
        }
        return switch (random.nextInt(8)) {
            case 0 -> new WhiteoutNode();
            case 1, 2 -> {
                byte[] target = new byte[1 + random.nextInt(40)];
                for (int i = 0; i < target.length; i++) {
                    target[i] = (byte) (1 + random.nextInt(255));
                }
                yield new SymlinkNode(time(random), target);
            }
            default -> {
                String content = "content " + random.nextInt(50);
                yield new FileNode(random.nextInt(010000), content.length(), time(random), digest(content));
            }
        };
    }

    private static Timestamp time(Random random) {
        return new Timestamp(random.nextLong() >> random.nextInt(60), random.nextInt(1_000_000_000));
    }

    private static FileName name(Random random) {
        byte[] bytes = new byte[1 + random.nextInt(random.nextInt(20) == 0 ? 255 : 12)];
        for (int i = 0; i < bytes.length; i++) {
            do {
                bytes[i] = (byte) (1 + random.nextInt(255));
            } while (bytes[i] == '/');
        }
        return FileName.fault(bytes) == null ? FileName.of(bytes) : FileName.of("n" + random.nextInt());
    }
}
