package dev.velo.cas.ingest;

import dev.velo.cas.TreePath;
import dev.velo.cas.posix.Descriptor;
import dev.velo.cas.posix.DirectoryEntry;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.eclipse.jgit.ignore.FastIgnoreRule;

/**
 * The rules of {@code .veloignore} files, in the language of gitignore(5), as JGit understands it. Paths and patterns are matched as
 * bytes: each byte stands for one character of ISO 8859-1, so a name need not be UTF-8. Immutable.
 */
final class IgnoreRules {
    static final String NAME = ".veloignore";

    static final IgnoreRules NONE = new IgnoreRules(null, 0, List.of());

    private static final byte[] NAME_BYTES = NAME.getBytes(StandardCharsets.US_ASCII);
    private static final String BYTE_ORDER_MARK = "\u00ef\u00bb\u00bf";
    private static final int MAX_SIZE = 1 << 20;

    private final IgnoreRules above;
    private final int prefix;
    private final List<FastIgnoreRule> rules;

    private IgnoreRules(IgnoreRules above, int prefix, List<FastIgnoreRule> rules) {
        this.above = above;
        this.prefix = prefix;
        this.rules = rules;
    }

    /** A symbolic link of that name is an entry like any other: what it points to is no part of the tree. */
    static boolean isIgnoreFile(DirectoryEntry entry) {
        return (entry.type() == FileType.REGULAR || entry.type() == FileType.UNKNOWN)
                && Arrays.equals(entry.name(), NAME_BYTES);
    }

    /** The content of a directory's ignore file. */
    static byte[] read(FileOps files, int directory) throws IOException {
        try (Descriptor file = files.openRead(directory, NAME_BYTES)) {
            ByteBuffer buffer = ByteBuffer.allocateDirect(
                    (int) Math.min(MAX_SIZE, files.status(file.number()).size()) + 1);
            while (buffer.hasRemaining() && files.read(file.number(), buffer) > 0) {
                continue;
            }
            if (buffer.position() > MAX_SIZE) {
                throw new IOException("it is larger than 1 MiB");
            }
            byte[] content = new byte[buffer.flip().remaining()];
            buffer.get(content);
            return content;
        }
    }

    /** These rules and, before them, those of a directory further down. */
    IgnoreRules with(TreePath directory, byte[] content) {
        String text = new String(content, StandardCharsets.ISO_8859_1);
        List<FastIgnoreRule> own = new ArrayList<>();
        for (String line : (text.startsWith(BYTE_ORDER_MARK) ? text.substring(3) : text).split("\n")) {
            String pattern = line.endsWith("\r") ? line.substring(0, line.length() - 1) : line;
            if (!pattern.isBlank() && !pattern.startsWith("#") && !endsInEscape(pattern)) {
                FastIgnoreRule rule = new FastIgnoreRule(withKeptSpaces(pattern));
                if (!rule.isEmpty()) {
                    own.add(rule);
                }
            }
        }
        return own.isEmpty() ? this : new IgnoreRules(this, directory.isRoot() ? 0 : directory.length() + 1, own);
    }

    /** Only spaces at the end of a line mean nothing; JGit drops those before a final slash, too. */
    private static String withKeptSpaces(String pattern) {
        String line = pattern;
        while (line.endsWith(" ") && !line.endsWith("\\ ")) {
            line = line.substring(0, line.length() - 1);
        }
        if (!line.endsWith(" /") || line.endsWith("\\ /")) {
            return pattern;
        }
        return line.substring(0, line.length() - 2) + "\\ /";
    }

    /** gitignore(5): a pattern that ends in a backslash is invalid and never matches. */
    private static boolean endsInEscape(String pattern) {
        int backslashes = 0;
        while (backslashes < pattern.length() && pattern.charAt(pattern.length() - 1 - backslashes) == '\\') {
            backslashes++;
        }
        return backslashes % 2 == 1;
    }

    boolean isEmpty() {
        return above == null;
    }

    /** True where the last rule that matches, of the deepest file that has one, says so. */
    boolean matches(TreePath path, boolean directory) {
        if (isEmpty()) {
            return false;
        }
        String text = new String(path.toBytes(), StandardCharsets.ISO_8859_1);
        for (IgnoreRules level = this; level != null; level = level.above) {
            String below = text.substring(level.prefix);
            for (int i = level.rules.size() - 1; i >= 0; i--) {
                FastIgnoreRule rule = level.rules.get(i);
                if (rule.isMatch(below, directory, true)) {
                    return rule.getResult();
                }
            }
        }
        return false;
    }
}
