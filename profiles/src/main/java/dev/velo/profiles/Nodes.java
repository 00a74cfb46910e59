package dev.velo.profiles;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/** Takes YAML's nodes apart: mappings, lists and plain values, without anchors and without tags of their own. Whatever else there is, is a fault. */
final class Nodes {
    /** What a plain value resolves to; not null, and no tag that names anything else. */
    private static final Set<Tag> PLAIN = Set.of(Tag.STR, Tag.INT, Tag.FLOAT, Tag.BOOL, Tag.TIMESTAMP, Tag.MERGE);

    /** A fault at a place. */
    static final class Fault extends RuntimeException {
        private final int line;
        private final int column;

        /** Both counted from 1. */
        Fault(int line, int column, String message) {
            super(message, null, false, false);
            this.line = line;
            this.column = column;
        }

        Fault(Node at, String message) {
            this(at.getStartMark().getLine() + 1, at.getStartMark().getColumn() + 1, message);
        }

        int line() {
            return line;
        }

        int column() {
            return column;
        }
    }

    private Nodes() {}

    /** @param allowed the keys of the schema, or null where the keys are the user's */
    static Map<String, Node> mapping(Node node, Set<String> allowed) {
        refuseAnchor(node);
        if (!(node instanceof MappingNode map) || !node.getTag().equals(Tag.MAP)) {
            throw new Fault(node, "a mapping (key: value) must stand here");
        }
        Map<String, Node> keys = new LinkedHashMap<>();
        for (NodeTuple tuple : map.getValue()) {
            String key = scalar(tuple.getKeyNode());
            if (allowed != null && !allowed.contains(key)) {
                throw new Fault(tuple.getKeyNode(), "unknown key '" + key + "'");
            }
            if (keys.put(key, tuple.getValueNode()) != null) {
                throw new Fault(tuple.getKeyNode(), "key '" + key + "' stands twice");
            }
        }
        return keys;
    }

    static String scalar(Node node) {
        refuseAnchor(node);
        if (!(node instanceof ScalarNode scalar) || !PLAIN.contains(node.getTag())) {
            throw new Fault(node, "a plain value must stand here");
        }
        String text = scalar.getValue();
        if (text.indexOf('\0') >= 0) {
            throw new Fault(node, "a NUL character");
        }
        // It could come only from an escape sequence, and would be written as a question mark.
        if (text.codePoints().anyMatch(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE)) {
            throw new Fault(node, "half of a surrogate pair");
        }
        return text;
    }

    private static void refuseAnchor(Node node) {
        if (node.getAnchor() != null) {
            throw new Fault(node, "anchors and aliases are not allowed");
        }
    }

    static List<Node> sequence(Node node) {
        refuseAnchor(node);
        if (!(node instanceof SequenceNode list) || !node.getTag().equals(Tag.SEQ)) {
            throw new Fault(node, "a list must stand here");
        }
        return list.getValue();
    }
}
