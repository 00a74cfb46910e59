package dev.velo.profiles;

import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.composer.Composer;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.error.MarkedYAMLException;
import org.yaml.snakeyaml.error.YAMLException;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.parser.Parser;
import org.yaml.snakeyaml.parser.ParserImpl;
import org.yaml.snakeyaml.reader.StreamReader;
import org.yaml.snakeyaml.resolver.Resolver;

/** From the text of a YAML document to its nodes. Whatever SnakeYAML throws becomes a fault with a place. */
final class Document {
    private static final int MAX_DEPTH = 8;

    private Document() {}

    static Node root(String text) {
        refuseUnprintable(text);
        LoaderOptions options = options();
        StreamReader reader = new StreamReader(text);
        Parser parser = new ParserImpl(reader, options);
        Node root;
        try {
            root = new Composer(parser, new Resolver(), options).getSingleNode();
        } catch (MarkedYAMLException e) {
            throw fault(e);
        } catch (NumberFormatException e) {
            // It reads the eight digits of "\UFFFFFFFF" as an int.
            throw at(reader.getMark(), "there is no character of that number");
        } catch (YAMLException e) {
            if (String.valueOf(e.getMessage()).startsWith("Nesting Depth")) {
                // Thrown before the node that is too deep is taken from the parser.
                throw at(parser.peekEvent().getStartMark(), "it is nested deeper than " + MAX_DEPTH);
            }
            throw at(reader.getMark(), e.getMessage());
        }
        if (root == null) {
            throw new Nodes.Fault(1, 1, "the file is empty");
        }
        return root;
    }

    private static LoaderOptions options() {
        LoaderOptions options = new LoaderOptions();
        options.setAllowDuplicateKeys(false);
        // An alias needs an anchor, and an anchor is refused where it stands; an alias limit would not say where.
        options.setMaxAliasesForCollections(Integer.MAX_VALUE);
        options.setNestingDepthLimit(MAX_DEPTH);
        options.setCodePointLimit(ProfileCatalog.MAX_SIZE);
        return options;
    }

    /** SnakeYAML does so, too, but reads ahead and cannot say where. */
    private static void refuseUnprintable(String text) {
        int line = 1;
        int column = 1;
        int c;
        for (int i = 0; i < text.length(); i += Character.charCount(c)) {
            c = text.codePointAt(i);
            if (!StreamReader.isPrintable(c)) {
                throw new Nodes.Fault(line, column, String.format("the character U+%04X cannot stand in a file", c));
            }
            boolean ends = c == '\n' || c == '\u0085' || c == '\u2028' || c == '\u2029';
            if (ends || c == '\r' && !text.startsWith("\n", i + 1)) {
                line++;
                column = 1;
            } else {
                column++;
            }
        }
    }

    private static Nodes.Fault fault(MarkedYAMLException e) {
        String problem = String.valueOf(e.getProblem());
        return at(
                e.getProblemMark() == null ? e.getContextMark() : e.getProblemMark(),
                problem.startsWith("but ") ? e.getContext() + " " + problem : problem);
    }

    private static Nodes.Fault at(Mark mark, String what) {
        return mark == null
                ? new Nodes.Fault(1, 1, what)
                : new Nodes.Fault(mark.getLine() + 1, mark.getColumn() + 1, what);
    }
}
