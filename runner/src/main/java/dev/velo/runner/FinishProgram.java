package dev.velo.runner;

import dev.velo.cas.Digest;
import dev.velo.cas.store.Lease;
import dev.velo.linkfarm.Placement;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What the launcher runs when the program of a run has ended, and that run's changes are wanted. All paths are absolute, since it runs elsewhere and
 * with hardly an environment.
 *
 * @param words all but the name of the run
 */
record FinishProgram(List<String> words) {
    /** Empty where nothing is wanted. */
    static Optional<FinishProgram> ofOverlay(RunRequest request, RunTemplate.Root root, Path store, Caller caller) {
        List<String> remains = new ArrayList<>(List.of("--skeleton=" + root.skeleton()));
        if (request.placement().equals(Optional.of(Placement.METADATA))) {
            remains.add("--exact");
        }
        return of(request, root.manifests(), remains, store, caller);
    }

    /** The same of a run without a sandbox. */
    static Optional<FinishProgram> ofSession(RunRequest request, List<Digest> manifests, Path store, Caller caller) {
        return of(request, manifests, List.of("--session"), store, caller);
    }

    private static Optional<FinishProgram> of(
            RunRequest request, List<Digest> manifests, List<String> remains, Path store, Caller caller) {
        if (request.output().isEmpty() && request.changes().isEmpty()) {
            return Optional.empty();
        }
        Installation installation = Installation.ofThisProcess();
        List<String> words = new ArrayList<>();
        words.add("/usr/bin/env");
        if (caller.debugs()) {
            words.add("VRIFT_DEBUG=1");
        }
        words.add("JAVA_HOME=" + installation.java());
        words.add(installation.program().toString());
        words.add("finish");
        words.add("--store=" + store);
        words.addAll(remains);
        manifests.forEach(digest -> words.add("--layer=" + digest));
        request.output().ifPresent(file -> words.add("--output=" + file.path()));
        request.changes()
                .ifPresent(file -> words.add("--changes="
                        + (file.equals("-") ? file : caller.path(file).path())));
        return Optional.of(new FinishProgram(words));
    }

    List<String> command(Lease run) {
        List<String> command = new ArrayList<>(words);
        command.add("--run=" + run.name());
        return command;
    }
}
