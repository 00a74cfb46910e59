package dev.velo.cli;

import dev.velo.cas.Progress;
import dev.velo.cas.VeloException;
import dev.velo.cas.ingest.IngestRequest;
import dev.velo.cas.ingest.IngestResult;
import dev.velo.cas.ingest.Ingestion;
import dev.velo.cas.posix.FileOps;
import dev.velo.cas.store.Store;
import dev.velo.runner.Caller;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A tree into the store. */
@Command(
        name = "ingest",
        mixinStandardHelpOptions = true,
        description = "Puts a directory into the store and writes its manifest.")
final class IngestCommand implements Callable<Integer> {
    /** So many secrets are named. */
    private static final int NAMED = 10;

    /** More threads than any machine has processors only take memory. */
    private static final int MAX_JOBS = 1024;

    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Mixin
    private final StoreOption store;

    @Parameters(paramLabel = "DIR", description = "The directory. It is read, never changed.")
    private Path source;

    @Option(
            names = {"-o", "--output"},
            required = true,
            paramLabel = "FILE",
            description = "The manifest to write.")
    private Path output;

    @Option(
            names = "--exclude",
            paramLabel = "GLOB",
            description = "Leave out what matches: a name anywhere, or with a slash a path from DIR. May be repeated.")
    private List<String> excludes = new ArrayList<>();

    @Option(
            names = {"-j", "--jobs"},
            paramLabel = "N",
            description = "Threads that hash and copy (default: processors).")
    private int jobs = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--force-hash",
            description = "Read every file, also those that have not changed since an earlier ingest.")
    private boolean forceHash;

    @Option(names = "--no-ignore", description = "Take also what .veloignore files name.")
    private boolean noIgnore;

    @Option(
            names = "--exclude-secrets",
            description =
                    "Leave out files that commonly hold secrets, like .env and private keys, instead of only naming them.")
    private boolean excludeSecrets;

    @Option(names = "--skip-special", description = "Leave out FIFOs, sockets and devices instead of failing.")
    private boolean skipSpecial;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    IngestCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    @Override
    public Integer call() throws VeloException, IOException {
        if (jobs < 1 || jobs > MAX_JOBS) {
            throw new ParameterException(spec.commandLine(), "--jobs must be between 1 and " + MAX_JOBS);
        }
        FileOps.system().raiseDescriptorLimit();
        long start = System.nanoTime();
        IngestResult result;
        try (Store opened = store.openOrCreate()) {
            IngestRequest request = new IngestRequest(
                    caller.path(source),
                    caller.path(output),
                    excludes,
                    jobs,
                    skipSpecial,
                    forceHash,
                    !noIgnore,
                    excludeSecrets);
            Progress progress = new Progress();
            ProgressLine display = ProgressLine.start("ingest", progress, caller);
            try {
                result = new Ingestion(opened, request, progress).run();
            } finally {
                display.close();
            }
        }
        report(result, System.nanoTime() - start);
        return result.manifest() == null ? 1 : 0;
    }

    private void report(IngestResult result, long nanos) {
        PrintWriter err = spec.commandLine().getErr();
        warnOfSecrets(err, result.secrets());
        result.skipped().forEach(line -> err.println("velo: left out " + line));
        result.faults().forEach(line -> err.println("velo: cannot ingest " + line));
        if (result.manifest() == null) {
            CommandLineSession.say(
                    err,
                    "cannot ingest " + source + ": " + result.faults().size()
                            + " entries could not be stored, so no manifest was written; mend them or leave them out"
                            + " with --exclude");
        }
        PrintWriter out = spec.commandLine().getOut();
        Map<String, Object> values = values(result, nanos);
        if (json) {
            Output.json(out, values);
        } else if (result.manifest() != null) {
            out.println("manifest   " + result.manifest());
            out.println("files      " + result.files() + " in " + result.directories() + " directories, "
                    + result.symlinks() + " symbolic links");
            out.println("bytes      " + result.bytes() + " (" + Output.size(result.bytes()) + ")");
            out.println("new        " + result.newBlobs() + " blobs, " + result.newBytes() + " bytes ("
                    + Output.size(result.newBytes()) + ")");
            out.println("unread     " + result.unread() + " files, unchanged since an earlier ingest");
            out.println("seconds    " + Output.seconds(nanos));
            out.flush();
        }
    }

    /** One line: the first ten names, and how many there are. */
    private void warnOfSecrets(PrintWriter err, List<String> secrets) {
        if (secrets.isEmpty()) {
            return;
        }
        String named = String.join(", ", secrets.subList(0, Math.min(NAMED, secrets.size())));
        String more = secrets.size() > NAMED ? " and " + (secrets.size() - NAMED) + " more" : "";
        err.println(
                excludeSecrets
                        ? "velo: left out " + secrets.size() + " files that commonly hold secrets: " + named + more
                        : "velo: warning: " + secrets.size() + " files that commonly hold secrets are in the manifest: "
                                + named + more + "; leave them out with --exclude-secrets");
    }

    private static Map<String, Object> values(IngestResult result, long nanos) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put(
                "digest", result.manifest() == null ? null : result.manifest().toHex());
        values.put("files", result.files());
        values.put("directories", result.directories());
        values.put("symlinks", result.symlinks());
        values.put("bytes", result.bytes());
        values.put("new_blobs", result.newBlobs());
        values.put("new_bytes", result.newBytes());
        values.put("unread_files", result.unread());
        values.put("secrets", result.secrets());
        values.put("seconds", nanos / 1e9);
        values.put("skipped", result.skipped());
        values.put("faults", result.faults());
        return values;
    }
}
