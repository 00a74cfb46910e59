package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two tenants of one store: what there is of the one is nothing to the other. What is denied to a tenant is done by another first. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TenantIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private Path root;

    @BeforeAll
    void tenants() {
        root = work.dir("root").resolve("tree");
        work.velo("export", work.base().toString(), root.toString()).run().succeeds();
        for (String tenant : List.of("a", "b")) {
            work.velo(
                            "ingest",
                            root.toString(),
                            "--tenant",
                            tenant,
                            "--output",
                            base(tenant).toString())
                    .run()
                    .succeeds();
        }
    }

    private static Path base(String tenant) {
        return work.store().resolveSibling("base-" + tenant + ".velo");
    }

    private static Path place(String tenant) {
        return work.store().resolve("tenants").resolve(tenant);
    }

    private static Path ingest(String tenant, Path tree) {
        return work.ingest(tree, "--tenant", tenant);
    }

    private static Command run(String tenant, List<String> options, String... command) {
        List<String> all = new ArrayList<>(
                List.of("--tenant", tenant, "--base", base(tenant).toString()));
        all.addAll(options);
        if (!all.contains("--manifest")) {
            all.addAll(List.of("--manifest", base(tenant).toString()));
        }
        return work.isolated(all, command);
    }

    private static Command inside(String tenant, Path manifest, String script) {
        return run(tenant, List.of("--manifest", manifest.toString()), "/bin/sh", "-c", script);
    }

    /** All but the locks and what comes and goes: reading a store touches those. */
    private static String files(Path store) {
        return Snapshot.ofInodes(work, store, "cas", "exec", "farms", "roots", "manifests", "velo-store");
    }

    private static String names() {
        return work.sh(work.store(), "find tenants -maxdepth 1 -printf '%p %i %n %U\\n' | LC_ALL=C sort")
                .out();
    }

    @Test
    void whatBothHaveIsTwoFilesWhoseLinksTellNothing() {
        Path tree = work.tree("echo common >common; echo alone >alone");
        Path onlyB = work.tree("echo other >other");
        ingest("a", tree);
        Path one = ingest("a", work.tree("echo common >common; echo more >more"));
        inside("a", one, "cat /common").run().prints("common\n");
        // What the other has is stored again, and said to be new.
        Path mine = work.dir("m").resolve("b.velo");
        work.sh(onlyB, "cp $1/common common", tree);
        assertThat(work.velo("ingest", onlyB.toString(), "--tenant", "b", "--output", mine.toString(), "--json")
                        .run()
                        .succeeds()
                        .json()
                        .get("new_blobs")
                        .getAsInt())
                .isEqualTo(2);
        String[] seen = inside("b", mine, "stat -c '%i %h' /common /other")
                .run()
                .succeeds()
                .out()
                .split("\\s+");
        assertThat(seen[1])
                .as("links of what the other tenant has, and of what it has not")
                .isEqualTo(seen[3]);
        String theirs =
                inside("a", one, "stat -c '%i' /common").run().succeeds().line();
        assertThat(theirs).isNotEqualTo(seen[0]);
        // Within one tenant, content is shared.
        Path again = ingest("b", work.tree("echo common >another-name"));
        assertThat(inside("b", again, "stat -c '%i' /another-name").run().line())
                .isEqualTo(seen[0]);
        assertThat(work.sh(work.store(), "find . -type f -path '*/cas/sha256/*' -inum \"$1\" | cut -d/ -f2-3", seen[0])
                        .line())
                .isEqualTo("tenants/b");
    }

    @Test
    void aManifestOfAnotherTenantIsOneThatNobodyKnows() throws IOException {
        // Made in a store that has never been near.
        Path tree = work.tree("echo secret >secret");
        Path manifest = work.dir("m").resolve("m.velo");
        String elsewhere = work.dir("elsewhere").resolve("store").toString();
        work.velo("ingest", tree.toString(), "--store", elsewhere, "--output", manifest.toString())
                .run()
                .succeeds();
        Outcome never = inside("b", manifest, "cat /secret").run().refuses(125, "lacks /secret");
        ingest("a", tree);
        inside("a", manifest, "cat /secret").run().prints("secret\n");
        Outcome now = inside("b", manifest, "cat /secret").run().refuses(125);
        assertThat(now.err()).isEqualTo(never.err());
        for (List<String> command : List.of(
                List.of("cat", manifest.toString(), "secret"),
                List.of("verify", "--manifest", manifest.toString()),
                List.of("roots", "add", manifest.toString()),
                List.of("export", manifest.toString(), work.dir("out") + "/tree"))) {
            List<String> argv = new ArrayList<>(command);
            argv.addAll(List.of("--tenant", "b"));
            Outcome refused = work.velo(argv.toArray(String[]::new)).run();
            assertThat(refused.exit()).as(refused.toString()).isNotZero();
            argv.set(argv.size() - 1, "a");
            work.velo(argv.toArray(String[]::new)).run().succeeds();
        }
    }

    @Test
    void whatOneDoesChangesNothingOfTheOther() throws Exception {
        Path keep = ingest("b", work.tree("echo keep >keep"));
        inside("b", keep, "cat /keep").run().succeeds();
        String files = files(place("b"));
        String status =
                work.velo("status", "--tenant", "b", "--json").run().succeeds().out();
        String whole = work.velo("status", "--json").run().succeeds().out();

        Path tree = work.tree("echo keep >keep; for i in $(seq 50); do echo a $i >a$i; done");
        Path manifest = ingest("a", tree);
        var running = inside("a", manifest, "cat /keep; sleep 600").start().says("keep");
        assertThat(work.velo("status", "--tenant", "a", "--json")
                        .run()
                        .json()
                        .get("leases")
                        .getAsInt())
                .isEqualTo(1);
        assertThat(work.velo("status", "--tenant", "b", "--json").run().out()).isEqualTo(status);
        assertThat(work.velo("status", "--json").run().out()).isEqualTo(whole);
        running.signal("KILL").process().waitFor();
        Files.delete(manifest);
        assertThat(work.velo("gc", "--run", "--grace", "0s", "--tenant", "a", "--json")
                        .run()
                        .succeeds()
                        .json()
                        .get("blobs")
                        .getAsInt())
                .isGreaterThanOrEqualTo(51);
        work.velo("gc", "--run", "--grace", "0s").run().succeeds();
        assertThat(work.velo("status", "--tenant", "b", "--json").run().out()).isEqualTo(status);
        assertThat(files(place("b"))).isEqualTo(files);
        inside("b", keep, "cat /keep").run().prints("keep\n");
    }

    @Test
    void aVerificationLooksAtOneTenant() throws IOException {
        ingest("damaged", work.tree("echo damaged >damaged"));
        work.velo("verify", "--tenant", "damaged").run().succeeds();
        Path blob = Path.of(work.sh(place("damaged").resolve("cas"), "grep -rl damaged \"$PWD\"")
                .line());
        work.sh(place("damaged"), "chmod u+w $1; echo DAMAGED >$1; chmod a-w $1", blob);
        work.velo("verify", "--tenant", "damaged").run().exits(1);
        work.velo("verify", "--tenant", "a").run().succeeds();
        work.velo("verify").run().succeeds();
        work.velo("verify", "--repair", "--tenant", "damaged").run();
        assertThat(blob).doesNotExist();
    }

    @Test
    void aKilledRunIsClearedAwayByTheNextStartOfItsTenant() throws Exception {
        var running = run("a", List.of(), "/bin/sh", "-c", "echo x >/x; echo ready; sleep 600")
                .start()
                .says("ready");
        running.process().destroyForcibly().waitFor();
        assertThat(place("a").resolve("leases")).isNotEmptyDirectory();
        work.velo("status", "--tenant", "b").run().succeeds();
        work.velo("status").run().succeeds();
        assertThat(place("a").resolve("leases")).as("another tenant's").isNotEmptyDirectory();
        work.velo("status", "--tenant", "a").run().succeeds();
        assertThat(place("a").resolve("leases")).isEmptyDirectory();
        assertThat(place("a").resolve("trash")).isEmptyDirectory();
    }

    @Test
    void oneSandboxFindsNothingOfAnothers() throws Exception {
        Path tree = work.tree("");
        work.program(tree, "tenants");
        Path a = ingest("a", tree);
        Path b = ingest("b", tree);
        Map<String, String> own = found(run("a", List.of("--manifest", a.toString()), "/tenants", "both"));
        assertThat(own).hasSize(13);
        assertThat(own.values()).as("what one sandbox finds of its own").containsOnly("found");

        var holding = run("a", List.of("--manifest", a.toString()), "/tenants", "hold")
                .start()
                .says("ready");
        try {
            long payload = Payloads.of(holding);
            assertThat(Files.readString(Path.of("/proc/" + payload + "/comm")).strip())
                    .isEqualTo("velo-holder");
            Path upper;
            try (Stream<Path> leases = Files.list(place("a").resolve("leases"))) {
                upper = leases.findFirst().orElseThrow().resolve("upper");
            }
            assertThat(upper).exists();
            Map<String, String> others = found(run(
                    "b",
                    List.of("--manifest", b.toString()),
                    "/tenants",
                    "look",
                    Long.toString(payload),
                    upper.toString()));
            assertThat(others.keySet()).isEqualTo(own.keySet());
            assertThat(others.values())
                    .as("what it finds of the other tenant's")
                    .containsOnly("absent");
        } finally {
            holding.signal("TERM").process().destroyForcibly().waitFor();
        }
    }

    private static Map<String, String> found(Command command) {
        Map<String, String> found = new TreeMap<>();
        command.run().succeeds().out().lines().forEach(line -> found.put(line.split(" ")[0], line.split(" ")[1]));
        return found;
    }

    @Test
    void nothingOfTheStoreIsShownInside() {
        Path shown = work.tree("echo shown >file; chmod 755 .");
        run("a", List.of("--bind", shown + ":/mnt"), "/bin/cat", "/mnt/file")
                .run()
                .prints("shown\n");
        for (Path path : List.of(
                work.store(),
                work.store().getParent(),
                work.store().resolve("cas"),
                work.store().resolve("tenants"),
                place("a"),
                place("b"),
                place("b").resolve("cas/sha256"))) {
            run("a", List.of("--bind", path + ":/mnt"), "/bin/ls", "/mnt")
                    .run()
                    .refuses(125, "would be seen through it");
        }
    }

    @Test
    void noTreeHoldsAStore() {
        Path tree = work.dir("around");
        work.sh(
                tree,
                "echo file >file; VR_THE_SOURCE=$PWD/store; export VR_THE_SOURCE\n"
                        + "for t in a b; do mkdir ../src-$t; echo $t >../src-$t/$t; \"$velo\" ingest ../src-$t --tenant $t --output ../$t.velo; done");
        Path manifest = work.dir("m").resolve("m.velo");
        String store = tree.resolve("store").toString();
        work.velo("ingest", tree.toString(), "--store", store, "--tenant", "a", "--output", manifest.toString())
                .run()
                .succeeds();
        Path copy = work.dir("copy").resolve("tree");
        work.velo("export", manifest.toString(), copy.toString(), "--store", store, "--tenant", "a")
                .run()
                .succeeds();
        assertThat(work.sh(copy, "find . -mindepth 1").line()).isEqualTo("./file");
        for (String part : List.of("", "/cas", "/tenants/b", "/tenants/a/cas")) {
            work.velo("ingest", store + part, "--store", store, "--tenant", "a", "--output", manifest.toString())
                    .run()
                    .refuses(1, "it is part of store");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"..", ".", "/", "", "../b", "a/b", "A", "-a", "_a", "a.b", "tenant.ids", "é"})
    void whatIsNoNameIsRefused(String name) throws IOException {
        String before = names();
        for (String command : List.of("status", "gc", "verify", "ingest")) {
            List<String> argv = new ArrayList<>(List.of(command, "--tenant=" + name));
            if (command.equals("ingest")) {
                argv.addAll(List.of(
                        root.toString(),
                        "--output",
                        work.dir("m").resolve("m.velo").toString()));
            }
            Outcome outcome = work.velo(argv.toArray(String[]::new)).run().exits(2);
            assertThat(outcome.err().strip().lines()).hasSize(1);
        }
        work.isolated(List.of("--tenant=" + name, "--manifest", base("a").toString()), "/bin/true")
                .run()
                .exits(125);
        assertThat(names()).isEqualTo(before);
    }

    @Test
    void namesHaveALength() {
        Path tree = work.tree("echo x >x");
        for (String name : List.of("0", "a-b_c", "a".repeat(63))) {
            inside("a", ingest("a", tree), "cat /x").run().prints("x\n");
            ingest(name, tree);
            work.velo("status", "--tenant", name).run().succeeds();
        }
        work.velo("status", "--tenant", "a".repeat(64)).run().exits(2);
        work.velo("status", "--tenant", "unheard-of").run().refuses(1, "there is none of that name");
        work.velo("status", "--tenant-ids", "400000:10").run().exits(2);
    }

    @Test
    void whatARunChangesIsItsTenants() {
        Path manifest = ingest("a", work.tree("echo old >file"));
        Path output = work.dir("m").resolve("m.velo");
        for (String placement : List.of("auto", "copy")) {
            run(
                            "a",
                            List.of(
                                    "--placement",
                                    placement,
                                    "--manifest",
                                    manifest.toString(),
                                    "--output",
                                    output.toString()),
                            "/bin/sh",
                            "-c",
                            "rm /file; echo new " + placement + " >/file")
                    .run()
                    .succeeds();
            work.velo("cat", output.toString(), "file", "--tenant", "a").run().prints("new " + placement + "\n");
            work.velo("cat", output.toString(), "file").run().refuses(1);
            run("a", List.of("--manifest", output.toString()), "/bin/cat", "/file")
                    .run()
                    .prints("new " + placement + "\n");
        }
    }

    /** What is said of an ordinary user's tenants is true. */
    @Test
    void withoutLentIdsATenantRunsAsTheCaller() throws Exception {
        Host.needsOrdinaryUser("root gives each tenant an id of its own");
        int caller = (Integer) Files.getAttribute(work.store(), "unix:uid");
        String lent = work.velo("doctor").run().out();
        org.junit.jupiter.api.Assumptions.assumeTrue(
                lent.contains("lend no ids to uid " + caller), "this user has ids lent to him");
        assertThat(lent).contains("tenant-ids           no");
        assertThat(Files.getAttribute(place("a"), "unix:uid")).isEqualTo(caller);
        assertThat(Files.getAttribute(place("b"), "unix:uid")).isEqualTo(caller);
        var running = run("a", List.of(), "/bin/sh", "-c", "echo ready; sleep 600")
                .start()
                .says("ready");
        try {
            assertThat(Payloads.uid(Payloads.of(running))).isEqualTo(caller);
        } finally {
            running.signal("TERM").process().destroyForcibly().waitFor();
        }
        // Asked for by name, ids are a protection, and one that cannot be had is refused.
        work.velo(
                        "ingest",
                        root.toString(),
                        "--tenant",
                        "c",
                        "--tenant-ids",
                        "300000:10",
                        "--output",
                        work.dir("m").resolve("m.velo").toString())
                .run()
                .refuses(1, "with an id of its own", "lend no ids to uid " + caller);
        assertThat(place("c")).doesNotExist();
    }
}
