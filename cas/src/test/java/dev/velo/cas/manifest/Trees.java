package dev.velo.cas.manifest;

import dev.velo.cas.Digest;
import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.posix.Timestamp;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;

/** Trees for tests: written down, or made from a seed. */
final class Trees {
    static final Timestamp TIME = new Timestamp(1_700_000_000, 123_456_789);

    private Trees() {}

    static FileName name(String name) {
        return FileName.of(name);
    }

    static DirectoryNode.Child child(String name, TreeNode node) {
        return new DirectoryNode.Child(name(name), node);
    }

    static DirectoryNode directory(DirectoryNode.Child... children) {
        return directory(List.of(children));
    }

    static DirectoryNode directory(Collection<DirectoryNode.Child> children) {
        return new DirectoryNode(0755, TIME, false, children.stream().sorted().toList());
    }

    static DirectoryNode opaque(DirectoryNode.Child... children) {
        return new DirectoryNode(
                0755, TIME, true, List.of(children).stream().sorted().toList());
    }

    static FileNode file(String content) {
        return file(0644, content);
    }

    static FileNode file(int mode, String content) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        return new FileNode(mode, bytes.length, TIME, Digest.of(bytes));
    }

    static SymlinkNode link(String target) {
        return new SymlinkNode(TIME, target.getBytes(StandardCharsets.UTF_8));
    }

    static WhiteoutNode whiteout() {
        return new WhiteoutNode();
    }

    /** Directories inside one another, each with the same name. */
    static DirectoryNode deep(int levels, String name) {
        DirectoryNode node = directory();
        for (int i = 0; i < levels; i++) {
            node = directory(child(name, node));
        }
        return node;
    }

    /** The tree of these paths, given in any order; what the directories among them hold already is not looked at. */
    static DirectoryNode assemble(Map<TreePath, TreeNode> nodes) {
        Map<TreePath, List<DirectoryNode.Child>> children = new HashMap<>();
        DirectoryNode root = null;
        for (TreePath path : nodes.keySet().stream()
                .sorted(Comparator.comparing(TreePath::length).reversed())
                .toList()) {
            TreeNode node = nodes.get(path);
            if (node instanceof DirectoryNode directory) {
                List<DirectoryNode.Child> list = new ArrayList<>(children.getOrDefault(path, List.of()));
                Collections.sort(list);
                node = new DirectoryNode(directory.mode(), directory.modified(), directory.opaque(), list);
            }
            if (path.isRoot()) {
                root = (DirectoryNode) node;
            } else {
                List<FileName> names = path.components();
                TreePath parent = TreePath.ROOT;
                for (FileName name : names.subList(0, names.size() - 1)) {
                    parent = parent.child(name);
                }
                children.computeIfAbsent(parent, ignored -> new ArrayList<>())
                        .add(new DirectoryNode.Child(names.get(names.size() - 1), node));
            }
        }
        return root;
    }

    /** All types, arbitrary bytes in names and targets, times before the epoch, few contents for many files. */
    static DirectoryNode random(long seed) {
        Random random = new Random(seed);
        return randomDirectory(random, 4);
    }

    private static DirectoryNode randomDirectory(Random random, int depth) {
        TreeMap<FileName, TreeNode> children = new TreeMap<>();
        int count = random.nextInt(depth == 0 ? 2 : 8);
        for (int i = 0; i < count; i++) {
            children.put(randomName(random), randomNode(random, depth));
        }
        List<DirectoryNode.Child> list = new ArrayList<>();
        children.forEach((name, node) -> list.add(new DirectoryNode.Child(name, node)));
        return new DirectoryNode(random.nextInt(010000), randomTime(random), random.nextInt(6) == 0, list);
    }

    private static TreeNode randomNode(Random random, int depth) {
        int kind = random.nextInt(10);
        if (depth > 0 && kind < 5) {
            return randomDirectory(random, depth - 1);
        }
        if (kind < 8) {
            String content = "x".repeat(random.nextInt(20));
            return new FileNode(
                    random.nextInt(010000),
                    content.length(),
                    randomTime(random),
                    file(content).digest());
        }
        return kind == 8
                ? new SymlinkNode(randomTime(random), randomBytes(random, 1 + random.nextInt(30), (byte) '.'))
                : whiteout();
    }

    /** Mostly from a small alphabet, so that trees of different seeds share names. */
    static FileName randomName(Random random) {
        if (random.nextInt(4) > 0) {
            return name(String.valueOf((char) ('a' + random.nextInt(5))));
        }
        while (true) {
            byte[] bytes = randomBytes(random, 1 + random.nextInt(random.nextInt(10) == 0 ? 255 : 12), (byte) '-');
            if (FileName.fault(bytes) == null) {
                return FileName.of(bytes);
            }
        }
    }

    private static byte[] randomBytes(Random random, int length, byte instead) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        for (int i = 0; i < length; i++) {
            bytes[i] = bytes[i] == 0 || bytes[i] == '/' ? instead : bytes[i];
        }
        return bytes;
    }

    private static Timestamp randomTime(Random random) {
        return new Timestamp(random.nextLong(), random.nextInt(1_000_000_000));
    }
}
