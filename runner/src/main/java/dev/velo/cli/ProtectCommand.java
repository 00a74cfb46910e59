package dev.velo.cli;

import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.protect.Protection;
import dev.velo.cas.store.Store;
import dev.velo.runner.Caller;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Locks manifests and what they need with the immutable flag; its twin takes the lock away. */
@Command(
        name = "protect",
        mixinStandardHelpOptions = true,
        description =
                "Makes manifests and all their blobs immutable, so that not even root can change them by mistake. Needs root.")
class ProtectCommand implements Callable<Integer> {
    /** The same command line, the other direction. */
    @Command(
            name = "unprotect",
            mixinStandardHelpOptions = true,
            description = "Takes back what protect did; blobs that another protected manifest needs stay immutable.")
    static final class Undo extends ProtectCommand {
        Undo(Caller caller) {
            super(caller);
        }

        @Override
        Protection.Result act(Protection protection, UserPath file) throws VeloException {
            return protection.unprotect(file);
        }

        @Override
        String verb() {
            return "unprotected";
        }
    }

    /** Which manifests. */
    static final class Which {
        @Parameters(arity = "1..*", paramLabel = "M", description = "The manifests.")
        private List<Path> files;

        @Option(names = "--all", required = true, description = "Every manifest that the store knows: the whole store.")
        private boolean all;
    }

    @Spec
    private CommandSpec spec;

    @Mixin
    private final StoreOption store;

    @ArgGroup(multiplicity = "1")
    private Which which;

    private final Caller caller;

    ProtectCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    Protection.Result act(Protection protection, UserPath file) throws VeloException {
        return protection.protect(file);
    }

    String verb() {
        return "protected";
    }

    @Override
    public Integer call() throws VeloException {
        PrintWriter out = spec.commandLine().getOut();
        try (Store opened = store.open()) {
            Protection protection = new Protection(opened);
            for (UserPath file : caller.paths(which.all ? known(opened, protection) : which.files)) {
                Protection.Result result = act(protection, file);
                out.println(verb() + "  " + result.manifest() + "  " + result.blobs() + " inodes  " + result.file());
                out.flush();
            }
        }
        return 0;
    }

    private List<Path> known(Store opened, Protection protection) throws VeloException {
        return this instanceof Undo ? protection.protectedFiles() : protection.knownFiles();
    }
}
