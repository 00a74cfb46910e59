package dev.velo.cas.model;

import dev.velo.cas.Digest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;

/** A few tiny trees that share contents, made once. */
final class Trees {
    private static final String[] SHAPES = {"a", "ab", "bc", "aC", "cd", "D", "abd"};

    private final List<Path> trees = new ArrayList<>();

    Trees(Path root) throws IOException {
        for (String shape : SHAPES) {
            Path tree = Files.createDirectories(root.resolve("tree-" + shape));
            for (char letter : shape.toCharArray()) {
                Path file = tree.resolve("file-" + letter);
                Files.writeString(file, text(letter));
                if (Character.isUpperCase(letter)) {
                    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
                }
            }
            trees.add(tree);
        }
    }

    /** An upper-case letter is the same content with the execute bit. */
    private static String text(char letter) {
        return "content " + Character.toLowerCase(letter);
    }

    static Digest digest(char letter) {
        return Digest.of(text(letter).getBytes(StandardCharsets.UTF_8));
    }

    int count() {
        return trees.size();
    }

    Path tree(int index) {
        return trees.get(index);
    }
}
