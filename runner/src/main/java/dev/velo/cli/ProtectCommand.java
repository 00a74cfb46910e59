package dev.velo.cli;

import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.FileStatus;
import dev.velo.cas.protect.Protection;
import dev.velo.cas.protect.TreeProtection;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import dev.velo.runner.Caller;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
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
                "Makes manifests and all their blobs, or ordinary files and directories, immutable, so that not even root can change them by mistake. Needs root.")
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
        long act(TreeProtection protection, UserPath path) throws VeloException {
            return protection.unprotect(path);
        }

        @Override
        String verb() {
            return "unprotected";
        }
    }

    /** Which manifests. */
    static final class Which {
        @Parameters(
                arity = "1..*",
                paramLabel = "M|PATH",
                description = "Manifests; other files; directories with all that is below them on their file system.")
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

    long act(TreeProtection protection, UserPath path) throws VeloException {
        return protection.protect(path);
    }

    String verb() {
        return "protected";
    }

    @Override
    public Integer call() throws VeloException {
        if (!which.all && caller.paths(which.files).stream().allMatch(TreeProtection::isFor)) {
            for (UserPath each : caller.paths(which.files)) {
                say(changedTree(each));
            }
            return 0;
        }
        try (Store opened = store.open()) {
            Protection protection = new Protection(opened);
            for (UserPath each : caller.paths(which.all ? known(opened, protection) : which.files)) {
                say(!which.all && TreeProtection.isFor(each) ? changedTree(each) : told(act(protection, each)));
            }
        }
        return 0;
    }

    private void say(String what) {
        PrintWriter out = spec.commandLine().getOut();
        out.println(verb() + "  " + what);
        out.flush();
    }

    private static String told(Protection.Result result) {
        return result.manifest() + "  " + result.blobs() + " inodes  " + result.file();
    }

    /** Needs no store; where there is one, it must not be among the files. */
    private String changedTree(UserPath tree) throws VeloException {
        Path place = store.path();
        try {
            Optional<FileStatus> status =
                    caller.files().statusIfPresent(FileOps.CWD, place.toString().getBytes(StandardCharsets.UTF_8));
            return act(new TreeProtection(caller.files(), status), tree) + " inodes  " + tree;
        } catch (IOException e) {
            throw StoreException.of("cannot look at store " + place, e);
        }
    }

    private List<Path> known(Store opened, Protection protection) throws VeloException {
        return this instanceof Undo ? protection.protectedFiles() : protection.knownFiles();
    }
}
