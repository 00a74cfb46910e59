package dev.velo.cas.ingest;

import dev.velo.cas.TreePath;
import dev.velo.cas.VeloException;
import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.PatternSyntaxException;

/**
 * Glob patterns (of java.nio.file.FileSystem#getPathMatcher) that leave entries out: one without a slash matches a name at any depth,
 * one with a slash the path from the root. What matches goes with everything below it. Immutable.
 */
final class ExcludeRules {
    private final List<PathMatcher> names = new ArrayList<>();
    private final List<PathMatcher> paths = new ArrayList<>();

    ExcludeRules(List<String> patterns) throws VeloException {
        for (String pattern : patterns) {
            String trimmed = pattern.startsWith("./") ? pattern.substring(2) : pattern;
            boolean anchored = trimmed.indexOf('/') >= 0 && trimmed.indexOf('/') < trimmed.length() - 1;
            String glob = stripSlashes(trimmed);
            try {
                (anchored ? paths : names).add(FileSystems.getDefault().getPathMatcher("glob:" + glob));
            } catch (PatternSyntaxException e) {
                throw new VeloException(
                        "cannot use --exclude " + pattern + ": " + e.getDescription(),
                        "write a glob pattern like '*.log' or 'build/**'",
                        e);
            }
        }
    }

    private static String stripSlashes(String pattern) {
        int start = pattern.startsWith("/") ? 1 : 0;
        int end = pattern.endsWith("/") && pattern.length() > 1 ? pattern.length() - 1 : pattern.length();
        return pattern.substring(start, Math.max(start, end));
    }

    boolean isEmpty() {
        return names.isEmpty() && paths.isEmpty();
    }

    boolean matches(TreePath path) {
        if (isEmpty()) {
            return false;
        }
        try {
            // Bytes that are not UTF-8 become U+FFFD here; a '*' or '?' in a pattern still matches them.
            Path whole = Path.of(path.toUtf8());
            return paths.stream().anyMatch(matcher -> matcher.matches(whole))
                    || names.stream().anyMatch(matcher -> matcher.matches(whole.getFileName()));
        } catch (InvalidPathException e) {
            return false;
        }
    }
}
