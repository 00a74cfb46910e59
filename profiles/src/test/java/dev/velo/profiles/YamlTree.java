package dev.velo.profiles;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** A YAML document before it is written, so that it can be changed where its syntax is still right. Which style it is written in is left to chance. */
sealed interface YamlTree {
    /** Text that is read back as it is. */
    record Text(String value) implements YamlTree {}

    /** Text that is written as it is, whatever it means. */
    record Raw(String source) implements YamlTree {}

    record Sequence(List<YamlTree> items) implements YamlTree {
        Sequence() {
            this(new ArrayList<>());
        }
    }

    /** Keys may stand twice. */
    record Mapping(List<Entry> entries) implements YamlTree {
        Mapping() {
            this(new ArrayList<>());
        }

        Mapping put(String key, YamlTree value) {
            entries.add(new Entry(new Text(key), value));
            return this;
        }

        Mapping put(String key, String value) {
            return put(key, new Text(value));
        }
    }

    record Entry(YamlTree key, YamlTree value) {}

    /** The tree as a document, which ends with a line break. */
    default String written(Random random) {
        return new Writer(random).document(this);
    }

    /** Writes trees. */
    final class Writer {
        private final Random random;
        private final StringBuilder out = new StringBuilder();

        private Writer(Random random) {
            this.random = random;
        }

        private String document(YamlTree tree) {
            if (random.nextInt(8) == 0) {
                out.append(random.nextBoolean() ? "---\n" : "# a comment\n");
            }
            if (tree instanceof Mapping map && !map.entries.isEmpty() && random.nextInt(4) != 0) {
                block(map, 0);
            } else {
                flow(tree);
                out.append('\n');
            }
            return out.toString();
        }

        private void block(Mapping map, int indent) {
            for (Entry entry : map.entries) {
                out.append(" ".repeat(indent));
                flow(entry.key);
                out.append(':');
                nested(entry.value, indent);
            }
        }

        private void nested(YamlTree value, int indent) {
            if (value instanceof Mapping map && !map.entries.isEmpty() && random.nextBoolean()) {
                out.append('\n');
                block(map, indent + 1 + random.nextInt(4));
            } else if (value instanceof Sequence list && !list.items.isEmpty() && random.nextBoolean()) {
                out.append('\n');
                int deeper = indent + random.nextInt(3);
                for (YamlTree item : list.items) {
                    out.append(" ".repeat(deeper)).append("- ");
                    flow(item);
                    out.append('\n');
                }
            } else {
                out.append(' ');
                flow(value);
                out.append(random.nextInt(8) == 0 ? " # why\n" : "\n");
            }
        }

        private void flow(YamlTree tree) {
            if (tree instanceof Text text) {
                scalar(text.value);
            } else if (tree instanceof Raw raw) {
                out.append(raw.source);
            } else if (tree instanceof Sequence list) {
                out.append('[');
                for (int i = 0; i < list.items.size(); i++) {
                    out.append(i == 0 ? "" : ", ");
                    flow(list.items.get(i));
                }
                out.append(']');
            } else if (tree instanceof Mapping map) {
                out.append('{');
                for (int i = 0; i < map.entries.size(); i++) {
                    out.append(i == 0 ? "" : ", ");
                    flow(map.entries.get(i).key);
                    out.append(": ");
                    flow(map.entries.get(i).value);
                }
                out.append('}');
            }
        }

        private void scalar(String text) {
            boolean plain = text.matches("[A-Za-z0-9/][A-Za-z0-9/._+-]*") && !text.matches("(?i)null");
            if (plain && random.nextInt(4) != 0) {
                out.append(text);
            } else if (text.chars().allMatch(c -> c >= ' ' && c < 0x7F) && random.nextBoolean()) {
                out.append('\'').append(text.replace("'", "''")).append('\'');
            } else {
                quoted(text);
            }
        }

        private void quoted(String text) {
            out.append('"');
            text.codePoints().forEach(c -> {
                boolean printable = c >= ' ' && c < 0x7F || c >= 0xA1 && c < 0x2000 || c >= 0x10000;
                if (c == '"' || c == '\\') {
                    out.append('\\').appendCodePoint(c);
                } else if (printable && random.nextInt(16) != 0) {
                    out.appendCodePoint(c);
                } else if (c < 0x100 && random.nextBoolean()) {
                    out.append(String.format("\\x%02x", c));
                } else if (c < 0x10000) {
                    out.append(String.format("\\u%04X", c));
                } else {
                    out.append(String.format("\\U%08X", c));
                }
            });
            out.append('"');
        }
    }
}
