package dev.velo.runner;

import dev.velo.cas.Digest;
import dev.velo.cas.UserPath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestFile;
import dev.velo.cas.store.Lease;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreException;
import dev.velo.linkfarm.Farm;
import dev.velo.linkfarm.LinkFarm;
import dev.velo.linkfarm.Placement;
import dev.velo.namespaces.CallChange;
import dev.velo.namespaces.Identity;
import dev.velo.namespaces.LaunchPlan;
import dev.velo.namespaces.Network;
import dev.velo.namespaces.Resource;
import dev.velo.overlay.OverlayMount;
import dev.velo.profiles.Limits;
import dev.velo.profiles.Profile;
import dev.velo.profiles.ProfileCatalog;
import dev.velo.profiles.ProfileException;
import dev.velo.profiles.SystemCalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Mode A: leases, farms, plan; what is planned becomes the launcher in a process of the caller's ({@link CallerProcess#launch}). */
public final class Run {
    private final Store store;
    private final Installation installation;
    private final Caller caller;

    public Run(Store store, Installation installation, Caller caller) {
        this.store = store;
        this.installation = installation;
        this.caller = caller;
    }

    /** Everything up to the process. When it fails, whatever was made until then is gone. */
    public PlannedRun plan(RunRequest request) throws VeloException, ProfileException {
        checkTargets(request);
        Profile profile =
                new ProfileCatalog(new LauncherCalls(installation)).load(request.profile(), caller.directory());
        List<Manifest> bases = open(request.bases());
        List<Manifest> manifests = open(request.manifests());
        List<Digest> digests = new ArrayList<>();
        bases.forEach(manifest -> digests.add(manifest.digest()));
        manifests.forEach(manifest -> digests.add(manifest.digest()));
        Lease lease = store.leases().take(Lease.Kind.RUN, digests);
        boolean complete = false;
        try {
            register(request.bases(), bases);
            register(request.manifests(), manifests);
            Layers layers = new Layers(farms(bases, request), farms(manifests, request));
            PlannedRun planned = new PlannedRun(installation, store, lease, plan(request, profile, lease, layers));
            complete = true;
            return planned;
        } catch (IOException e) {
            throw StoreException.of("cannot prepare the run in store " + store.path(), e);
        } finally {
            if (!complete) {
                lease.close();
            }
        }
    }

    /** The trees of a run in the order in which the user named them. */
    private record Layers(List<Tree> bases, List<Tree> manifests) {
        OverlayMount mount(String skeleton) {
            return OverlayMount.of(
                    skeleton,
                    bases.stream().map(Tree::layer).toList(),
                    manifests.stream().map(Tree::layer).toList());
        }

        List<Digest> bottomToTop() {
            List<Digest> digests = new ArrayList<>();
            bases.forEach(tree -> digests.add(tree.manifest().digest()));
            manifests.forEach(tree -> digests.add(tree.manifest().digest()));
            return digests;
        }

        /** Without what an opaque root hides: the kernel takes no notice of that mark on the root of a layer. */
        Layers visible() {
            for (int i = manifests.size() - 1; i >= 0; i--) {
                if (manifests.get(i).manifest().tree().opaque()) {
                    return new Layers(List.of(), manifests.subList(i, manifests.size()));
                }
            }
            for (int i = bases.size() - 1; i >= 0; i--) {
                if (bases.get(i).manifest().tree().opaque()) {
                    return new Layers(bases.subList(i, bases.size()), manifests);
                }
            }
            return this;
        }

        List<Tree> topmostFirst() {
            List<Tree> trees = new ArrayList<>();
            for (List<Tree> group : List.of(manifests, bases)) {
                for (int i = group.size() - 1; i >= 0; i--) {
                    trees.add(group.get(i));
                }
            }
            return trees;
        }
    }

    /** Before the run and not after it, when its result would be lost. */
    private void checkTargets(RunRequest request) throws VeloException {
        List<UserPath> targets = new ArrayList<>();
        request.output().ifPresent(targets::add);
        request.changes().filter(file -> !file.equals("-")).map(caller::path).ifPresent(targets::add);
        request.result().ifPresent(targets::add);
        Set<Path> distinct = new HashSet<>();
        for (UserPath named : targets) {
            Path target = named.path();
            if (!distinct.add(ManifestFile.place(named)) && (!Files.exists(target) || Files.isRegularFile(target))) {
                throw new VeloException(
                        "cannot write " + named + ": it is named for two of the results of the run",
                        "name another file for each of --output, --changes and --result");
            }
            Path directory = target.getParent();
            boolean special = Files.exists(target) && !Files.isRegularFile(target);
            // A list may go to /dev/null or into a pipe; a manifest is renamed into its place.
            boolean replaced = request.output().filter(named::equals).isPresent();
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

    private static List<Manifest> open(List<UserPath> files) throws VeloException {
        List<Manifest> manifests = new ArrayList<>();
        for (UserPath file : files) {
            manifests.add(Manifest.open(file));
        }
        return manifests;
    }

    private void register(List<UserPath> files, List<Manifest> manifests) throws VeloException {
        for (int i = 0; i < files.size(); i++) {
            Manifest manifest = manifests.get(i);
            store.roots().registerRead(ManifestFile.place(files.get(i)), manifest.digest(), manifest.toBytes());
        }
    }

    private List<Tree> farms(List<Manifest> manifests, RunRequest request) throws VeloException {
        LinkFarm farm = new LinkFarm(store, new MountedLayers(installation));
        List<Tree> trees = new ArrayList<>();
        for (Manifest manifest : manifests) {
            Farm built = farm.of(manifest, request.placement());
            if (built.built()
                    && built.placement() == Placement.COPY
                    && request.placement().isEmpty()) {
                caller.streams()
                        .err()
                        .println(
                                "velo: warning: the file system of store " + store.path()
                                        + " has neither hard links nor shared blocks, so files were copied; keep it on ext4, xfs or btrfs");
            }
            trees.add(new Tree(manifest, built.tree(), built.data()));
        }
        // Farms of before the last start of the machine that were replaced.
        new NativeDisposal(installation).later(store);
        return trees;
    }

    /** All but what only who hands it over knows: the descriptors of the process that becomes the launcher. */
    private LaunchPlan.Builder plan(RunRequest request, Profile profile, Lease lease, Layers layers)
            throws IOException, VeloException {
        Layers shown = layers.visible();
        RootPlan root = new RootPlan(shown.topmostFirst(), store.outermost(), caller.directory());
        root.plan(profile, request.binds());
        new Skeleton(store.files()).write(lease.directory(), root.skeleton());

        String run = "leases/" + lease.name();
        LaunchPlan.Builder plan = new LaunchPlan.Builder()
                .base(store.path().toString())
                .runDirectory(run)
                .workdir(request.workdir().orElse(profile.workdir()))
                .hostname(request.hostname().orElse(profile.hostname()))
                .identity(identity(request, profile))
                .network(request.hostNetwork().orElse(profile.hostNetwork()) ? Network.HOST : Network.NONE)
                .terminal(request.terminal());
        shown.mount(run + "/" + Skeleton.NAME).topmostFirst().forEach(plan::layer);
        shown.topmostFirst().stream()
                .flatMap(tree -> tree.composed().stream())
                .distinct()
                .forEach(plan::compose);
        root.mounts().forEach(plan::mount);
        request.command().forEach(plan::argument);
        caller.environment().forPayload(profile, request).forEach(plan::environment);
        limit(plan, request.limits().orElse(profile.limits()));
        change(plan, profile.systemCalls());
        request.result().ifPresent(file -> plan.result(file.path().toString()));
        if (request.output().isPresent() || request.changes().isPresent()) {
            plan.finish(FinishRequest.command(
                    installation, store.path(), lease.name(), layers.bottomToTop(), request, caller));
        }
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

    private Identity identity(RunRequest request, Profile profile) {
        int uid = store.files().effectiveUid();
        int gid = store.files().effectiveGid();
        return new Identity(
                request.uid().orElse(profile.uid().orElse(uid)),
                request.gid().orElse(profile.gid().orElse(gid)),
                uid == 0 ? store.owner().uid() : uid,
                uid == 0 ? store.owner().gid() : gid);
    }
}
