package dev.velo.runner;

import dev.velo.cas.UserPath;
import dev.velo.linkfarm.Placement;
import dev.velo.profiles.Limits;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * A run, as the user asked for it.
 *
 * @param bases below every manifest; a later one wins over an earlier
 * @param manifests a later one wins over an earlier
 * @param environment assignments {@code K=V} as raw bytes
 * @param passed names of the caller's variables
 * @param terminal the program gets a terminal of its own
 * @param limits those of the profile hold where these say nothing
 * @param strict without a sandbox: what goes past the preload library is answered, too, and told of
 * @param result where the record of the run goes
 * @param command raw bytes, at least one
 */
public record RunRequest(
        List<UserPath> bases,
        List<UserPath> manifests,
        String profile,
        Optional<Boolean> hostNetwork,
        List<byte[]> environment,
        List<String> passed,
        List<BindSpec> binds,
        Optional<String> workdir,
        Optional<String> hostname,
        OptionalInt uid,
        OptionalInt gid,
        Optional<UserPath> output,
        Optional<String> changes,
        Optional<Placement> placement,
        Limits limits,
        boolean terminal,
        boolean strict,
        Optional<UserPath> result,
        List<byte[]> command) {

    /** Bottom to top. */
    List<UserPath> layers() {
        return Stream.concat(bases.stream(), manifests.stream()).toList();
    }
}
