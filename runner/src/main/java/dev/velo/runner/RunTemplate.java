package dev.velo.runner;

import dev.velo.cas.Digest;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.namespaces.CallChange;
import dev.velo.namespaces.ComposedLayer;
import dev.velo.namespaces.Identity;
import dev.velo.namespaces.LaunchPlan;
import dev.velo.namespaces.MountOp;
import dev.velo.namespaces.Network;
import dev.velo.namespaces.Resource;
import dev.velo.profiles.Limits;
import dev.velo.profiles.Profile;
import dev.velo.profiles.SystemCalls;
import java.util.List;
import java.util.Optional;

/**
 * All of a run that does not depend on its program, its environment and its directory. Immutable, and it holds no manifest, so that many can be
 * kept.
 *
 * @param request whose command is any run's
 * @param finish what the launcher runs afterwards
 */
record RunTemplate(
        RunRequest request, Profile profile, Root root, ResultTargets targets, Optional<FinishProgram> finish) {

    /**
     * What the program will see.
     *
     * @param manifests bottom to top, those that cannot be seen among them
     * @param trees of the farms, in the same order
     * @param skeleton the topmost layer, relative to the store
     * @param layers topmost first, the skeleton among them
     */
    record Root(
            List<Digest> manifests,
            List<String> trees,
            String skeleton,
            List<String> layers,
            List<ComposedLayer> composed,
            List<MountOp> mounts) {
        static Root of(Layers all, String skeleton, List<MountOp> mounts) {
            Layers shown = all.visible();
            return new Root(
                    all.bottomToTop().stream()
                            .map(tree -> tree.manifest().digest())
                            .toList(),
                    all.bottomToTop().stream().map(Tree::layer).toList(),
                    skeleton,
                    shown.mount(skeleton).topmostFirst(),
                    shown.topmostFirst().stream()
                            .flatMap(tree -> tree.composed().stream())
                            .distinct()
                            .toList(),
                    List.copyOf(mounts));
        }
    }

    /** All but what only who hands it over knows: the descriptors of the process that becomes the launcher. */
    LaunchPlan.Builder plan(Store store, Lease lease, CallerEnvironment environment, List<byte[]> command) {
        LaunchPlan.Builder plan = new LaunchPlan.Builder()
                .base(store.path().toString())
                .runDirectory(lease.place())
                .workdir(request.workdir().orElse(profile.workdir()))
                .hostname(request.hostname().orElse(profile.hostname()))
                .identity(identity(store))
                .network(request.hostNetwork().orElse(profile.hostNetwork()) ? Network.HOST : Network.NONE)
                .terminal(request.terminal());
        root.layers().forEach(plan::layer);
        root.composed().forEach(plan::compose);
        root.mounts().forEach(plan::mount);
        command.forEach(plan::argument);
        environment.forPayload(profile, request).forEach(plan::environment);
        limit(plan, request.limits().orElse(profile.limits()));
        change(plan, profile.systemCalls());
        request.result().ifPresent(file -> plan.result(file.path().toString()));
        finish.ifPresent(program -> plan.finish(program.command(lease)));
        return plan;
    }

    private static void limit(LaunchPlan.Builder plan, Limits limits) {
        limits.time().ifPresent(plan::timeLimit);
        limits.processes().ifPresent(most -> plan.limit(Resource.PROCESSES, most));
        limits.disk().ifPresent(most -> plan.limit(Resource.DISK, most));
        limits.memory().ifPresent(most -> plan.limit(Resource.MEMORY, most));
        limits.processors().ifPresent(most -> plan.limit(Resource.PROCESSORS, most));
        limits.fileSize().ifPresent(most -> plan.limit(Resource.FILE_SIZE, most));
        limits.output().ifPresent(most -> plan.limit(Resource.OUTPUT, most));
        plan.bestEffort(limits.bestEffort().orElse(false));
    }

    private static void change(LaunchPlan.Builder plan, SystemCalls calls) {
        calls.denied().forEach(name -> plan.change(new CallChange(name, false)));
        calls.allowed().forEach(name -> plan.change(new CallChange(name, true)));
    }

    private Identity identity(Store store) {
        int uid = store.files().effectiveUid();
        int gid = store.files().effectiveGid();
        return new Identity(
                request.uid().orElse(profile.uid().orElse(uid)),
                request.gid().orElse(profile.gid().orElse(gid)),
                uid == 0 ? store.owner().uid() : uid,
                uid == 0 ? store.owner().gid() : gid);
    }
}
