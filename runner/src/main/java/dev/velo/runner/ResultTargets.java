package dev.velo.runner;

import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.ManifestFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Where the results of a run are to go; looked at before the run and not after it, when its result would be lost.
 *
 * @param files of all
 * @param output the one that becomes a manifest
 */
record ResultTargets(List<UserPath> files, Optional<UserPath> output) {
    static ResultTargets of(RunRequest request, Caller caller) {
        List<UserPath> files = new ArrayList<>();
        request.output().ifPresent(files::add);
        request.changes().filter(file -> !file.equals("-")).map(caller::path).ifPresent(files::add);
        request.result().ifPresent(files::add);
        return new ResultTargets(files, request.output());
    }

    void check() throws VeloException {
        Set<Path> distinct = new HashSet<>();
        for (UserPath named : files) {
            Path target = named.path();
            if (!distinct.add(ManifestFile.place(named)) && (!Files.exists(target) || Files.isRegularFile(target))) {
                throw new VeloException(
                        "cannot write " + named + ": it is named for two of the results of the run",
                        "name another file for each of --output, --changes and --result");
            }
            Path directory = target.getParent();
            boolean special = Files.exists(target) && !Files.isRegularFile(target);
            // A list may go to /dev/null or into a pipe; a manifest is renamed into its place.
            boolean replaced = output.filter(named::equals).isPresent();
            if (directory == null
                    || !Files.isDirectory(directory)
                    || Files.isDirectory(target)
                    || special && replaced) {
                throw new VeloException(
                        "cannot write " + named + ": "
                                + (Files.exists(target) ? "it is not a regular file" : "its directory does not exist"),
                        "name a file in a directory that exists");
            }
        }
    }
}
