package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.cas.collect.RootList;
import dev.velo.cas.collect.RootState;
import dev.velo.cas.store.Store;
import dev.velo.runner.Caller;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The manifests that keep content in the store. */
@Command(
        name = "roots",
        mixinStandardHelpOptions = true,
        description = "Lists the manifests that a garbage collection keeps the contents of.")
final class RootsCommand implements Callable<Integer> {
    /** Registers. */
    @Command(
            name = "add",
            mixinStandardHelpOptions = true,
            description = "Keeps the contents of manifests that came from elsewhere, or were moved.")
    static final class Add implements Callable<Integer> {
        private final Caller caller;

        @Mixin
        private final StoreOption store;

        @Parameters(arity = "1..*", paramLabel = "M", description = "The manifests.")
        private List<Path> files;

        Add(Caller caller) {
            this.caller = caller;
            this.store = new StoreOption(caller);
        }

        @Override
        public Integer call() throws VeloException {
            try (Store opened = store.open()) {
                RootList roots = new RootList(opened);
                for (Path file : files) {
                    roots.add(caller.path(file));
                }
            }
            return 0;
        }
    }

    /** Forgets. */
    @Command(
            name = "drop",
            mixinStandardHelpOptions = true,
            description = "No longer keeps the contents of manifests; the files themselves stay.")
    static final class Drop implements Callable<Integer> {
        private final Caller caller;

        @Mixin
        private final StoreOption store;

        @Parameters(
                arity = "1..*",
                paramLabel = "M",
                description = "Their paths; or manifest digests, for all paths of each.")
        private List<String> names;

        Drop(Caller caller) {
            this.caller = caller;
            this.store = new StoreOption(caller);
        }

        @Override
        public Integer call() throws VeloException {
            try (Store opened = store.open()) {
                RootList roots = new RootList(opened);
                for (String name : names) {
                    roots.drop(name, caller.directory());
                }
            }
            return 0;
        }
    }

    @Spec
    private CommandSpec spec;

    @Mixin
    private final StoreOption store;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    private RootsCommand(Caller caller) {
        this.store = new StoreOption(caller);
    }

    /** With the commands below it. */
    static CommandLine commandLine(Caller caller) {
        return new CommandLine(new RootsCommand(caller))
                .addSubcommand(new Add(caller))
                .addSubcommand(new Drop(caller));
    }

    @Override
    public Integer call() throws VeloException {
        try (Store opened = store.open()) {
            List<RootState> roots = new RootList(opened).list();
            PrintWriter out = spec.commandLine().getOut();
            if (json) {
                Output.json(
                        out,
                        Map.of("roots", roots.stream().map(RootsCommand::values).toList()));
            } else {
                for (RootState root : roots) {
                    out.println(root.manifest() + "  " + String.join(",", words(root)) + "  " + root.file());
                }
            }
            out.flush();
            return 0;
        }
    }

    private static List<String> words(RootState root) {
        List<String> words = new ArrayList<>(List.of(root.state().label()));
        if (root.isProtected()) {
            words.add("protected");
        }
        return words;
    }

    private static Map<String, Object> values(RootState root) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("path", root.file().toString());
        values.put("digest", root.manifest().toHex());
        values.put("state", root.state().label());
        values.put("protected", root.isProtected());
        return values;
    }
}
