package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Host ids of tenants, which root gives, and which the host lends to ordinary users. */
class TenantIdsIT {
    /** A range that nobody has, of ids that nobody has. */
    private static final String RANGE = "2100000000:6";

    @RegisterExtension
    final Workspace work = new Workspace();

    private Path tree;

    @BeforeEach
    void needsRoot() {
        Host.needsRoot("gives ids");
        tree = work.tree("echo x >x; chmod 755 .");
    }

    private Command ingest(String tenant, String... options) {
        List<String> argv = new ArrayList<>(List.of(
                "ingest",
                tree.toString(),
                "--tenant",
                tenant,
                "--output",
                work.store().resolveSibling(tenant + ".velo").toString()));
        argv.addAll(List.of(options));
        return work.velo(argv.toArray(String[]::new));
    }

    private Path place(String tenant) {
        return work.store().resolve("tenants").resolve(tenant);
    }

    private int owner(String tenant) {
        try {
            int uid = (Integer) Files.getAttribute(place(tenant), "unix:uid");
            assertThat(Files.getAttribute(place(tenant), "unix:gid")).isEqualTo(uid);
            assertThat(Files.getAttribute(place(tenant), "unix:mode")).isEqualTo(040700);
            return uid;
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private Command.Running running(String tenant) {
        Path busybox = work.base();
        Path root = work.dir("root").resolve("tree");
        work.velo("export", busybox.toString(), root.toString()).run().succeeds();
        Path manifest = work.ingest(root, "--tenant", tenant);
        return work.isolated(
                        List.of("--tenant", tenant, "--manifest", manifest.toString()),
                        "/bin/sh",
                        "-c",
                        "echo ready; sleep 600")
                .start()
                .says("ready");
    }

    /** Runs with an id of the host and nothing else. The working directory is the root's. */
    private Outcome as(int id, Path directory, String... command) {
        List<String> argv = new ArrayList<>(List.of("setpriv", "--reuid=" + id, "--regid=" + id, "--clear-groups"));
        argv.addAll(List.of(command));
        return work.command(argv).in(directory).run();
    }

    @Test
    void twoTenantsRunUnderTwoIdsThatCannotTouchEachOther() throws Exception {
        var a = running("a");
        var b = running("b");
        try {
            long ofA = Payloads.of(a);
            int idA = Payloads.uid(ofA);
            int idB = Payloads.uid(Payloads.of(b));
            assertThat(idA).isEqualTo(owner("a")).isNotIn(0, 65520);
            assertThat(idB).isEqualTo(owner("b")).isNotIn(0, 65520, idA);
            // A payload out of all its namespaces would still be this.
            String process = Long.toString(ofA);
            as(idA, Path.of("/"), "kill", "-0", process).succeeds();
            assertThat(as(idB, Path.of("/"), "kill", "-0", process).exits(1).err())
                    .contains("not permitted");
            String environment = "/proc/" + process + "/environ";
            as(idA, Path.of("/"), "stat", "/proc/" + process + "/status").succeeds();
            assertThat(as(idB, Path.of("/"), "cat", environment).exits(1).err()).contains("Permission denied");
            // Its store, too, even from within.
            as(idA, place("a"), "cat", "velo-store").succeeds();
            assertThat(as(idB, place("a"), "ls", ".").exits(2).err()).contains("Permission denied");
            assertThat(as(idB, work.store().resolve("tenants"), "ls", ".")
                            .exits(2)
                            .err())
                    .contains("Permission denied");
            assertThat(as(65520, work.store().resolve("tenants"), "ls", ".")
                            .exits(2)
                            .err())
                    .as("the id of those without a tenant")
                    .contains("Permission denied");
            assertThat(work.sh(
                                    place("a"),
                                    "find . ! -user \"$1\" -o ! -group \"$1\" | head -n 5; find . -maxdepth 0 -printf '%m\\n'",
                                    idA)
                            .line())
                    .isEqualTo("700");
        } finally {
            a.signal("TERM").process().destroyForcibly().waitFor();
            b.signal("TERM").process().destroyForcibly().waitFor();
        }
    }

    @Test
    void anIdIsGivenOnce() throws Exception {
        List<Command.Running> started = new ArrayList<>();
        for (String tenant : List.of("a", "b", "c", "d", "e")) {
            started.add(ingest(tenant, "--tenant-ids", RANGE).start());
        }
        for (Command.Running running : started) {
            running.await().succeeds();
        }
        Set<Integer> ids = new HashSet<>();
        for (String tenant : List.of("a", "b", "c", "d", "e")) {
            assertThat(ids.add(owner(tenant))).isTrue();
        }
        assertThat(ids).allMatch(id -> id >= 2_100_000_000 && id < 2_100_000_006);

        // A tenant that is gone keeps its id: what it left elsewhere must not become another's.
        int id = owner("a");
        work.sh(work.store(), "rm -r tenants/a");
        ingest("f", "--tenant-ids", RANGE).run().succeeds();
        assertThat(owner("f")).isNotIn(ids);
        ingest("g", "--tenant-ids", RANGE).run().refuses(1, "2100000000 to 2100000005 are taken");
        assertThat(place("g")).doesNotExist();
        ingest("a").run().succeeds();
        assertThat(owner("a")).isEqualTo(id);
        // Only a new tenant needs a range.
        ingest("a", "--tenant-ids", "5000:1").run().succeeds();
        ingest("g").run().succeeds();
        assertThat(owner("g")).isBetween(2_013_265_920, 2_147_352_575);
    }

    /** At any moment of the making of a tenant. */
    @Test
    void whoeverIsKilledLeavesNoTwoTenantsWithOneId() throws Exception {
        long began = System.nanoTime();
        ingest("t0", "--tenant-ids", "2100000000:16").run().succeeds();
        int whole = (int) ((System.nanoTime() - began) / 1_000_000);
        Random random = new Random(12);
        for (int i = 1; i < 16; i++) {
            var maker = ingest("t" + i, "--tenant-ids", "2100000000:16").start();
            Command.pause(whole / 3 + random.nextInt(whole));
            maker.process().destroyForcibly().waitFor();
        }
        Set<Integer> ids = new HashSet<>();
        for (int i = 0; i < 16; i++) {
            ingest("t" + i, "--tenant-ids", "2100000000:16").run().succeeds();
            work.velo("verify", "--tenant", "t" + i).run().succeeds();
            assertThat(ids.add(owner("t" + i))).isTrue();
        }
        assertThat(ids).hasSize(16);
        assertThat(work.sh(work.store(), "ls -A tenants | grep -v '^t[0-9]*$'").line())
                .isEqualTo("tenant.ids\ntenant.lock");
    }

    @ParameterizedTest
    @CsvSource({
        "1000:10,for accounts",
        "65530:10,for accounts",
        "300995:10,lends 300000 to 300999 to lender",
        "0:5,--tenant-ids",
        "x,--tenant-ids"
    })
    void idsThatSomebodyHasAreRefused(String range, String reason) {
        Outcome outcome = lending(
                        "lender:300000:1000\n",
                        "exec",
                        Workspace.VELO.toString(),
                        "ingest",
                        tree.toString(),
                        "--store",
                        work.store().toString(),
                        "--tenant",
                        "a",
                        "--tenant-ids",
                        range,
                        "--output",
                        tree.resolveSibling("m.velo").toString())
                .run();
        assertThat(outcome.exit()).isIn(1, 2);
        assertThat(outcome.err()).contains(reason);
        assertThat(place("a")).doesNotExist();
    }

    @Test
    void aTenantWithAnothersIdIsRefused() {
        ingest("a").run().succeeds();
        ingest("b").run().succeeds();
        work.sh(work.store(), "chown -R $1:$1 tenants/b", owner("a"));
        work.velo("status", "--tenant", "b").run().refuses(1, "the list tenants/tenant.ids says");
        ingest("b").run().refuses(1, "the list tenants/tenant.ids says");
        work.velo("status", "--tenant", "a").run().succeeds();
        work.sh(work.store(), "mv tenants/tenant.ids tenants/saved.ids");
        work.velo("status", "--tenant", "a").run().refuses(1, "does not name it");
        work.sh(work.store(), "mv tenants/saved.ids tenants/tenant.ids; chown 65520:65520 tenants");
        work.velo("status", "--tenant", "a").run().refuses(1, "belongs to uid 65520");
    }

    /** A command line in a mount namespace in which uid 54321 is an account, lender, to whom ids are lent. */
    private Command lending(String lent, String... command) {
        Path etc = work.dir("etc");
        work.sh(etc, """
                chmod 755 .; cp /etc/passwd passwd; echo 'lender:x:54321:54321::/:/bin/sh' >>passwd
                printf %s "$1" >subuid; cp subuid subgid; chmod 644 *
                """, lent);
        List<Object> arguments = new ArrayList<>(List.of(etc));
        arguments.addAll(List.of(command));
        String mounts = "for f in passwd subuid subgid; do mount --bind \"$1/$f\" /etc/$f; done; shift; \"$@\"";
        // A script has many commands, and each starts a JVM twice.
        return work.mounting(mounts, arguments.toArray()).within(Duration.ofMinutes(10));
    }

    /** A script as the account: with a copy of velo that it can reach, in a home with a tree. */
    private Command asLender(String lent, String script) {
        Path home = work.dir("lender");
        work.sh(
                home,
                "mkdir tree velo; echo lent >tree/file; cp -a $1/. velo/; cp -a $2 bb; chmod -R a+rX .; chown -R 54321:54321 .; chmod 755 .. .",
                Workspace.HOME,
                exported());
        return lending(
                lent,
                "setpriv",
                "--reuid=54321",
                "--regid=54321",
                "--clear-groups",
                "env",
                "-i",
                "PATH=" + System.getenv("PATH"),
                "HOME=" + home,
                "LANG=C.UTF-8",
                "VR_THE_SOURCE=" + home.resolve("store"),
                "bash",
                "-c",
                "set -eu; cd \"$HOME\"; velo=$HOME/velo/bin/velo\n" + script);
    }

    private Path exported() {
        Path root = work.dir("busybox").resolve("tree");
        work.velo("export", work.base().toString(), root.toString()).run().succeeds();
        return root;
    }

    @Test
    void anOrdinaryUsersTenantsHaveTheIdsThatAreLentToHim() throws Exception {
        Host.needsTool("newuidmap");
        var running = asLender("lender:300000:1000\n", """
                for t in a b; do
                  "$velo" ingest bb --tenant $t --output $t.velo >/dev/null
                  "$velo" run --isolate --tenant $t --manifest $t.velo --output $t-new.velo -- /bin/sh -c 'id -u; echo "made by $0" >/made; exit 7' $t || echo "exit $?"
                  "$velo" cat $t-new.velo made --tenant $t
                  "$velo" verify --tenant $t >/dev/null && echo verified
                  stat -c 'owner %u:%g %a' store/tenants/$t
                done
                ls store/tenants/a 2>/dev/null || echo 'closed to the lender himself'
                "$velo" doctor | grep -o 'tenant-ids *[a-z]*'
                "$velo" run --isolate --tenant b --manifest a-new.velo -- /bin/true 2>&1 | grep -c 'lacks /made'
                exec "$velo" run --isolate --tenant a --manifest a.velo --pids 5 -- /bin/sh -c 'echo ready; sleep 600'
                """).start().says("ready");
        try {
            List<String> lines = running.outputSoFar().lines().toList();
            String[] owners = lines.stream()
                    .filter(line -> line.startsWith("owner "))
                    .map(line -> line.split("[ :]")[1])
                    .toArray(String[]::new);
            assertThat(owners).hasSize(2).doesNotHaveDuplicates().allMatch(id -> id.matches("300[0-9]{3}"));
            String each = "0\nexit 7\nmade by %s\nverified\nowner %s:%s 700\n";
            assertThat(running.outputSoFar())
                    .isEqualTo(each.formatted("a", owners[0], owners[0])
                            + each.formatted("b", owners[1], owners[1])
                            + "closed to the lender himself\ntenant-ids           yes\n1\nready\n");
            assertThat(Payloads.uid(Payloads.of(running))).isEqualTo(Integer.parseInt(owners[0]));
        } finally {
            running.signal("TERM").process().destroyForcibly().waitFor();
        }
    }

    @Test
    void withoutLentIdsAUsersTenantsAreHis() {
        assertThat(asLender("other:300000:1000\n", """
                "$velo" ingest tree --tenant a --output a.velo >/dev/null
                stat -c %u store/tenants/a
                "$velo" doctor | grep -A1 tenant-ids
                "$velo" ingest tree --tenant b --tenant-ids 300000:10 --output b.velo 2>&1 && exit 1
                ls store/tenants
                """).run().succeeds().out())
                .matches(
                        "(?s)54321\ntenant-ids +no +[^\n]*lend no ids to uid 54321 [(]tenant-ids[)]\n.*cannot make tenant b with an id of its own.*\na\ntenant.lock\n");
    }

    /** What he has stays usable when ids are lent to him later, and what is under a lent id is no longer when they are taken away. */
    @Test
    void whatIsThereStaysWhatItIs() {
        Host.needsTool("newuidmap");
        Path home = work.dir("switch");
        work.sh(home, "chmod 755 . ..; chown 54321:54321 .");
        String velo = "export VR_THE_SOURCE=" + home.resolve("store") + "\n";
        asLender("", velo + "\"$velo\" ingest tree --tenant old --output old.velo")
                .run()
                .succeeds();
        assertThat(asLender("lender:300000:1000\n", velo + """
                        "$velo" ingest tree --tenant old --output old.velo >/dev/null
                        "$velo" ingest tree --tenant new --output new.velo >/dev/null
                        stat -c %u "$VR_THE_SOURCE/tenants/old" "$VR_THE_SOURCE/tenants/new" | cut -c1-3
                        """).run().succeeds().out())
                .isEqualTo("543\n300\n");
        assertThat(asLender("", velo + """
                        "$velo" status --tenant old >/dev/null && echo old
                        "$velo" status --tenant new 2>&1 || true
                        """).run().succeeds().out())
                .startsWith("old\nvelo: cannot use tenant new with an id of its own: ")
                .contains("lend no ids to uid 54321; ");
    }
}
