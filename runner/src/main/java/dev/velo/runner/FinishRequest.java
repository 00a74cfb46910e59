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
 * @param skeleton the topmost layer of the run, relative to the store
 * @param exact the files of the run showed the manifests' own modes and times
 * @param upper the upper layer, where it is not in the run's directory
 * @param changes a file for the list of changes, or {@code -} for standard error
 */
public record FinishRequest(
        String run,
        List<Digest> layers,
        String skeleton,
        boolean exact,
        Optional<String> upper,
        Optional<UserPath> output,
        Optional<String> changes) {}
