package dev.velo.cli;

import dev.velo.cas.Progress;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.store.Store;
import dev.velo.cas.verify.Finding;
import dev.velo.cas.verify.Verification;
import dev.velo.linkfarm.FarmAudit;
import dev.velo.runner.Caller;
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
import picocli.CommandLine.Spec;

/** Proof that the store holds what it says. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description = "Hashes every blob again, checks modes, owners, farms and manifests.")
final class VerifyCommand implements Callable<Integer> {
    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Mixin
    private final StoreOption store;

    @Option(names = "--manifest", paramLabel = "M", description = "Only what this manifest needs.")
    private Path manifest;

    @Option(
            names = "--repair",
            description = "Put right modes, owners and times; restore content from a sound twin; move the rest away.")
    private boolean repair;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    VerifyCommand(Caller caller) {
        this.caller = caller;
        this.store = new StoreOption(caller);
    }

    @Override
    public Integer call() throws VeloException {
        try (Store opened = store.open()) {
            Progress progress = new Progress();
            Verification verification = new Verification(opened, repair, progress);
            List<Finding> findings = new ArrayList<>();
            ProgressLine display = ProgressLine.start("verify", progress, caller);
            try {
                if (manifest != null) {
                    findings.addAll(verification.manifest(Manifest.open(caller.path(manifest))));
                } else {
                    findings.addAll(verification.store());
                    findings.addAll(new FarmAudit(opened).all(repair));
                }
            } finally {
                display.close();
            }
            report(verification.checked(), findings);
            return findings.isEmpty() ? 0 : 1;
        }
    }

    private void report(long checked, List<Finding> findings) {
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("checked", checked);
            values.put("findings", findings);
            Output.json(out, values);
            return;
        }
        for (Finding finding : findings) {
            out.println((finding.repaired() ? "repaired   " : "wrong      ") + finding.kind() + "  " + finding.object()
                    + "  " + finding.detail());
        }
        out.println("checked    " + checked + " blobs, " + findings.size() + " findings");
        out.flush();
    }
}
