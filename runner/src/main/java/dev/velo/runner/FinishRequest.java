package dev.velo.runner;

import dev.velo.cas.Digest;
import dev.velo.cas.UserPath;
import dev.velo.linkfarm.Placement;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What to do with the changes of a run that has ended.
 *
 * @param run the name of its lease, which keeps the store's copies of its manifests
 * @param layers the manifests of the run, bottom to top; by digest, since the user's files may have changed meanwhile
 * @param exact the files of the run showed the manifests' own modes and times
 * @param upper the upper layer, where it is not in the run's directory
 * @param changes a file for the list of changes, or {@code -} for standard error
 */
public record FinishRequest(
        String run,
        List<Digest> layers,
        boolean exact,
        Optional<String> upper,
        Optional<UserPath> output,
        Optional<String> changes) {

    /** The command that the launcher runs; all paths absolute, since it runs elsewhere and with hardly an environment. */
    static List<String> command(
            Installation installation, Path store, String run, List<Digest> layers, RunRequest request, Caller caller) {
        List<String> command = new ArrayList<>(List.of(
                "/usr/bin/env",
                "JAVA_HOME=" + installation.java(),
                installation.program().toString(),
                "finish",
                "--store=" + store,
                "--run=" + run));
        if (caller.debugs()) {
            command.add(1, "VRIFT_DEBUG=1");
        }
        if (request.placement().equals(Optional.of(Placement.METADATA))) {
            command.add("--exact");
        }
        layers.forEach(digest -> command.add("--layer=" + digest));
        request.output().ifPresent(file -> command.add("--output=" + file.path()));
        request.changes()
                .ifPresent(file -> command.add("--changes="
                        + (file.equals("-") ? file : caller.path(file).path())));
        return command;
    }
}
