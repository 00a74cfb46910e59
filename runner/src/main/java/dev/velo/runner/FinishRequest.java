package dev.velo.runner;

import dev.velo.cas.Digest;
import dev.velo.cas.UserPath;
import java.util.List;
import java.util.Optional;

/**
 * What to do with the changes of a run that has ended.
 *
 * @param run the name of its lease, which keeps the store's copies of its manifests
 * @param layers the manifests of the run, bottom to top; by digest, since the user's files may have changed meanwhile
 * @param overlay what it wrote to; empty where that was a session
 * @param changes a file for the list of changes, or {@code -} for standard error
 */
public record FinishRequest(
        String run,
        List<Digest> layers,
        Optional<Overlay> overlay,
        Optional<UserPath> output,
        Optional<String> changes) {
    /**
     * The layers that were of the run alone.
     *
     * @param skeleton the topmost layer of the run, relative to the store
     * @param exact the files of the run showed the manifests' own modes and times
     * @param upper the upper layer, where it is not in the run's directory
     */
    public record Overlay(String skeleton, boolean exact, Optional<String> upper) {}
}
