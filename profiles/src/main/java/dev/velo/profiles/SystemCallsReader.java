package dev.velo.profiles;

import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.yaml.snakeyaml.nodes.Node;

/** The section {@code syscalls} of a profile: names, one by one. A class or a pattern would name what nobody has thought of. */
final class SystemCallsReader {
    private final Map<String, SystemCalls.Rule> table;
    private final Set<String> denied = new LinkedHashSet<>();
    private final Set<String> allowed = new LinkedHashSet<>();

    private SystemCallsReader(Map<String, SystemCalls.Rule> table) {
        this.table = table;
    }

    /** @param base what holds for the calls that the section does not name */
    static SystemCalls read(Node section, SystemCalls base, SystemCalls.Table table) throws ProfileException {
        Map<String, Node> keys = Nodes.mapping(section, Set.of("deny", "allow"));
        SystemCallsReader reader = new SystemCallsReader(table.read());
        if (keys.containsKey("deny")) {
            Nodes.sequence(keys.get("deny")).forEach(reader::deny);
        }
        if (keys.containsKey("allow")) {
            Nodes.sequence(keys.get("allow")).forEach(reader::allow);
        }
        return new SystemCalls(
                added(base.denied(), reader.denied, reader.allowed),
                added(base.allowed(), reader.allowed, reader.denied));
    }

    private static Set<String> added(Set<String> base, Set<String> more, Set<String> opposite) {
        Set<String> names = new LinkedHashSet<>(base);
        names.removeAll(opposite);
        names.addAll(more);
        return names;
    }

    private void deny(Node node) {
        String name = Nodes.scalar(node);
        if (rule(node, name) == SystemCalls.Rule.NEEDED) {
            throw new Nodes.Fault(node, "'" + name + "' cannot be denied: without it no program begins or ends");
        }
        once(node, name);
        denied.add(name);
    }

    private void allow(Node node) {
        String name = Nodes.scalar(node);
        switch (rule(node, name)) {
            case FIXED ->
                throw new Nodes.Fault(
                        node,
                        "'" + name + "' cannot be allowed: docs/syscalls.md says why its denial cannot be lifted");
            case CHECKED ->
                throw new Nodes.Fault(
                        node,
                        "'" + name
                                + "' cannot be allowed: it is, but for some arguments, and that check cannot be lifted");
            case FREE, NEEDED -> throw new Nodes.Fault(node, "'" + name + "' cannot be allowed: nothing denies it");
            case DENIED -> {
                once(node, name);
                allowed.add(name);
            }
        }
    }

    private SystemCalls.Rule rule(Node node, String name) {
        SystemCalls.Rule rule = table.get(name);
        if (rule == null) {
            throw new Nodes.Fault(node, "there is no system call '" + name + "' on this architecture");
        }
        return rule;
    }

    private void once(Node node, String name) {
        if (denied.contains(name) || allowed.contains(name)) {
            throw new Nodes.Fault(node, "system call '" + name + "' stands twice");
        }
    }
}
