package dev.velo.runner;

import dev.velo.cas.FileName;
import dev.velo.cas.TreePath;
import dev.velo.cas.manifest.Entry;
import dev.velo.cas.manifest.SymlinkNode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Where a path inside leads: symbolic links of the skeleton and of the manifests are followed as the kernel would (path_resolution(7)),
 * below the sandbox's root. So a mount at /var/run/x lands where programs look for it when an image has /var/run as a link to /run.
 */
final class TargetResolution {
    /** The kernel's own limit. */
    private static final int MAX_LINKS = 40;

    private final List<Tree> topmostFirst;
    private final Map<TreePath, RootPlan.Point> skeleton;

    TargetResolution(List<Tree> topmostFirst, Map<TreePath, RootPlan.Point> skeleton) {
        this.topmostFirst = topmostFirst;
        this.skeleton = skeleton;
    }

    /** Empty where the links go round in circles or lead to a name that cannot be. */
    Optional<TreePath> resolve(TreePath path) {
        Deque<String> pending = new ArrayDeque<>();
        push(pending, path.toUtf8());
        Deque<TreePath> at = new ArrayDeque<>(List.of(TreePath.ROOT));
        for (int links = 0; !pending.isEmpty(); ) {
            String name = pending.pop();
            if (name.equals("..")) {
                if (at.size() > 1) {
                    at.pop();
                }
                continue;
            }
            TreePath next = at.peek().child(FileName.of(name));
            Optional<String> target = link(next);
            if (target.isEmpty()) {
                at.push(next);
                continue;
            }
            if (++links > MAX_LINKS || target.get().indexOf('\uFFFD') >= 0) {
                return Optional.empty();
            }
            if (target.get().startsWith("/")) {
                at = new ArrayDeque<>(List.of(TreePath.ROOT));
            }
            push(pending, target.get());
        }
        return Optional.of(at.peek());
    }

    private static void push(Deque<String> pending, String path) {
        List<String> names = Arrays.asList(path.split("/"));
        for (int i = names.size() - 1; i >= 0; i--) {
            if (!names.get(i).isEmpty() && !names.get(i).equals(".")) {
                pending.push(names.get(i));
            }
        }
    }

    private Optional<String> link(TreePath path) {
        RootPlan.Point point = skeleton.get(path);
        if (point != null) {
            return Optional.ofNullable(point.target());
        }
        for (Tree tree : topmostFirst) {
            Optional<Entry> entry = tree.manifest().find(path);
            if (entry.isPresent()) {
                return entry.get().node() instanceof SymlinkNode link
                        ? Optional.of(new String(link.target(), StandardCharsets.UTF_8))
                        : Optional.empty();
            }
        }
        return Optional.empty();
    }
}
