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
import dev.velo.profiles.Profile;
import dev.velo.profiles.ProfileCatalog;
import dev.velo.profiles.ProfileException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Mode A: leases, farms, plan; what is planned becomes the launcher in a process of the caller's ({@link CallerProcess#launch}). */
public final class Run {
    private final Store store;
    private final Installation installation;
    private final Caller caller;
    private final List<UsedFarm> found = new ArrayList<>();

    public Run(Store store, Installation installation, Caller caller) {
        this.store = store;
        this.installation = installation;
        this.caller = caller;
    }

    /** Everything up to the process. When it fails, whatever was made until then is gone. */
    public PlannedRun plan(RunRequest request) throws VeloException, ProfileException {
        ResultTargets targets = ResultTargets.of(request, caller);
        targets.check();
        List<UserPath> files = new ArrayList<>(request.layers());
        if (!ProfileCatalog.BUILT_IN.contains(request.profile())) {
            files.add(caller.path(request.profile()));
        }
        Preconditions read = Preconditions.of(files);
        Profile profile =
                new ProfileCatalog(new LauncherCalls(installation)).load(request.profile(), caller.directory());
        RequestedManifests manifests = RequestedManifests.open(request, caller.process());
        Lease lease = store.leases().take(Lease.Kind.RUN, manifests.digests());
        boolean complete = false;
        try {
            manifests.register(store);
            Layers layers = new Layers(farms(manifests.ofBases(), request), farms(manifests.aboveBases(), request));
            RunTemplate template = template(request, profile, root(request, profile, lease, layers), targets);
            PlannedRun planned = PlannedRun.isolated(
                    installation, store, lease, template.plan(store, lease, caller.environment(), request.command()));
            complete = true;
            return planned.with(found, repeatable(template, layers, read));
        } catch (IOException e) {
            throw StoreException.of("cannot prepare the run in store " + store.path(), e);
        } finally {
            if (!complete) {
                lease.close();
            }
        }
    }

    private List<Tree> farms(List<Manifest> manifests, RunRequest request) throws VeloException {
        LinkFarm farm = new LinkFarm(store, new MountedLayers(installation));
        List<Tree> trees = new ArrayList<>();
        boolean more = false;
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
            if (built.built()) {
                more = true;
            } else {
                found.add(new UsedFarm(built.tree(), manifest, built.placement()));
            }
        }
        if (more) {
            keepToBudget();
        }
        // Farms of before the last start of the machine that were replaced.
        new NativeDisposal(installation).later(store);
        return trees;
    }

    private void keepToBudget() {
        try {
            new FarmUpkeep(store.path(), installation)
                    .trimBeside(new StoreLocation(caller.environment().texts(), caller.directory()).farms());
        } catch (VeloException e) {
            caller.streams().err().println("velo: warning: farms are not kept to a budget: " + e.getMessage());
        }
    }

    private RunTemplate template(RunRequest request, Profile profile, RunTemplate.Root root, ResultTargets targets) {
        return new RunTemplate(
                request, profile, root, targets, FinishProgram.ofOverlay(request, root, store.path(), caller));
    }

    private RunTemplate.Root root(RunRequest request, Profile profile, Lease lease, Layers layers)
            throws IOException, VeloException {
        List<Tree> trees = layers.visible().topmostFirst();
        RootPlan root = new RootPlan(trees, store.outermost(), caller.directory());
        root.plan(profile, request.binds());
        Skeleton skeleton = new Skeleton(store);
        String layer = isOfManifestsAlone(request, profile)
                ? skeleton.share(lease, trees.get(0), root.skeleton())
                : skeleton.write(lease, root.skeleton());
        return RunTemplate.Root.of(layers, layer, root.mounts());
    }

    /** Nothing of the host stands on the root, which would have to be looked for each time. */
    private static boolean isOfManifestsAlone(RunRequest request, Profile profile) {
        return profile.mounts().isEmpty() && request.binds().isEmpty();
    }

    /** What plans another run with the same options in the same way; empty where that cannot be told. */
    private Optional<RepeatableRun> repeatable(RunTemplate template, Layers layers, Preconditions read) {
        RunRequest request = template.request();
        boolean lent = !template.root().composed().isEmpty();
        // A farm that has its contents elsewhere is used after each of them was looked for.
        if (lent || !isOfManifestsAlone(request, template.profile()) || !read.wouldTell()) {
            return Optional.empty();
        }
        List<byte[]> kept = new ArrayList<>();
        List<UserPath> files = request.layers();
        List<Digest> digests = template.root().manifests();
        for (int i = 0; i < files.size(); i++) {
            kept.addAll(store.roots().files(ManifestFile.place(files.get(i)), digests.get(i)));
        }
        for (Tree tree : layers.topmostFirst()) {
            kept.add(Farm.markerOf(tree.layer()).getBytes(StandardCharsets.UTF_8));
        }
        kept.add(template.root().skeleton().getBytes(StandardCharsets.UTF_8));
        return Optional.of(
                new RepeatableRun(installation, store.path(), template, read.and(Preconditions.ofStore(kept))));
    }
}
