package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Hosts that cannot run a sandbox, made by conditions.c: doctor and run name the same cause and the same fix, and both work where the same
 * means are used without the condition. What AppArmor does is in reasons_test.c only, since it must be in the kernel.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DoctorIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private final Set<String> proven = new HashSet<>();
    private Path conditions;

    @BeforeAll
    void build() {
        conditions = work.program(work.dir("conditions"), "conditions");
    }

    private Command in(String condition, String... command) {
        List<String> argv = new ArrayList<>(List.of(conditions.toString()));
        for (String word : condition.split(" ")) {
            argv.add(word.equals("DIRECTORY") ? work.dir("tree").toString() : word);
        }
        argv.add("--");
        argv.addAll(List.of(command));
        return work.command(argv);
    }

    private Outcome doctor(String condition) {
        return in(condition, Workspace.VELO.toString(), "doctor", "--json").run();
    }

    private Outcome run(String condition) {
        return in(
                        condition,
                        Workspace.VELO.toString(),
                        "run",
                        "--isolate",
                        "--manifest",
                        work.base().toString(),
                        "--",
                        "/bin/echo",
                        "works")
                .run();
    }

    private static Map<String, JsonObject> answers(Outcome doctor) {
        Map<String, JsonObject> answers = new TreeMap<>();
        for (JsonElement check : doctor.json().getAsJsonArray("checks")) {
            answers.put(check.getAsJsonObject().get("name").getAsString(), check.getAsJsonObject());
        }
        return answers;
    }

    private static String text(JsonObject answer, String field) {
        return answer.get(field).getAsString();
    }

    /** The means of the condition alone change nothing. */
    private void provesNothingElse(String control) {
        if (proven.add(control)) {
            doctor(control).succeeds();
            run(control).prints("works\n");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ceiling max_user_namespaces 0, ceiling max_user_namespaces 1000, user-namespace, userns-max-zero",
        "ceiling max_user_namespaces 1, ceiling max_user_namespaces 1000, user-namespace, userns-limit",
        "ceiling max_pid_namespaces 0, ceiling max_pid_namespaces 1000, pid-namespace, namespace-max-zero",
        "occupied, ceiling max_net_namespaces 1000, network-namespace, namespace-limit",
        "filter clone EPERM, filter acct EPERM, user-namespace, userns-seccomp",
        "filter clone ENOSYS, filter acct EPERM, user-namespace, userns-seccomp",
        "filter unshare EPERM, filter acct EPERM, user-namespace, seccomp-call",
        "filter mount EPERM, filter acct EPERM, mount-namespace, seccomp-call",
        "chroot DIRECTORY, tree DIRECTORY, user-namespace, userns-chroot",
        "chroot-mount DIRECTORY, whole DIRECTORY, user-namespace, userns-chroot",
        "masked /proc/fs, mounts, proc, proc-masked",
        "read-only, mounts, user-namespace, proc-read-only"
    })
    void doctorAndRunNameTheSameCauseAndFix(String condition, String control, String capability, String type) {
        provesNothingElse(control);

        Outcome doctor = doctor(condition).exits(1);
        JsonObject answer = answers(doctor).get(capability);
        assertThat(answer.get("needed").getAsBoolean()).isTrue();
        assertThat(answer.get("ok").getAsBoolean()).as(doctor.toString()).isFalse();
        assertThat(text(answer, "type")).as(doctor.toString()).isEqualTo(type);
        assertThat(text(answer, "reason")).isNotBlank();
        assertThat(text(answer, "fix")).isNotBlank();

        Outcome run = run(condition).refuses(125, "(" + type + ")", text(answer, "fix"));
        assertThat(run.out()).as("the program must not have run").isEmpty();
    }

    @Test
    void nothingButWhatIsMissingIsMissing() {
        List<String> missing = new ArrayList<>();
        answers(doctor("masked /proc/fs")).forEach((name, answer) -> {
            if (answer.get("needed").getAsBoolean() && !answer.get("ok").getAsBoolean()) {
                missing.add(name);
            }
        });
        assertThat(missing).containsExactly("proc");
        assertThat(text(answers(doctor("masked /proc/fs")).get("proc"), "reason"))
                .contains("/proc/fs");
        assertThat(text(answers(doctor("ceiling max_pid_namespaces 0")).get("pid-namespace"), "fix"))
                .isEqualTo("as root: sysctl user.max_pid_namespaces=10000");
    }

    /** The kernel frees namespaces late; those of doctor's own trials must not count against the host. */
    @Test
    void aCeilingThatIsJustHighEnoughIsHighEnough() {
        doctor("ceiling max_user_namespaces 2").succeeds();
        run("ceiling max_user_namespaces 2").prints("works\n");
    }

    /** Of the launcher alone: velo could not write into any store there. */
    @Test
    void aCallerWithoutAnIdIsToldSo() {
        String launcher = Workspace.HOME.resolve("libexec/velo-launch").toString();
        assertThat(in("namespace", launcher, "--probe").run().succeeds().out()).contains("user-namespace\tneeded\tyes");
        assertThat(in("unmapped", launcher, "--probe").run().succeeds().out())
                .contains("user-namespace\tneeded\tno\tuserns-unmapped\t");
    }

    /** A user namespace that has no id but root's own: neither for a store nor for a sandbox. */
    @Test
    void rootWithoutOtherIdsIsToldSo() {
        Host.needsTool("unshare");
        Path place = work.dir("place");
        List<String> argv = new ArrayList<>(List.of("unshare", "--user", "--map-root-user"));
        argv.addAll(List.of(Workspace.VELO.toString(), "doctor", "--json"));
        Outcome doctor = work.command(argv)
                .with("VR_THE_SOURCE", place.resolve("store").toString())
                .run()
                .exits(1);
        Map<String, JsonObject> answers = answers(doctor);
        assertThat(text(answers.get("user-namespace"), "type"))
                .as(doctor.toString())
                .isEqualTo("idmap-unmapped");
        assertThat(text(answers.get("store"), "type")).isEqualTo("store-unusable");
        assertThat(text(answers.get("store"), "reason")).contains("does not exist in this user namespace");
    }

    @Test
    void aStoreThatCannotBeOpenedKeepsNobodyFromKnowingTheRest() throws Exception {
        Path file = work.dir("place").resolve("file");
        Files.writeString(file, "no store");
        Outcome doctor =
                work.velo("doctor", "--json", "--store", file.toString()).run().exits(1);
        Map<String, JsonObject> answers = answers(doctor);
        assertThat(answers.get("proc").get("ok").getAsBoolean()).isTrue();
        assertThat(text(answers.get("store"), "type")).isEqualTo("store-unusable");
        assertThat(text(answers.get("store"), "reason")).contains(file.toString());
        assertThat(text(answers.get("store"), "fix")).isNotBlank();
        assertThat(answers(work.velo("doctor", "--json").run().succeeds())
                        .get("store")
                        .get("ok")
                        .getAsBoolean())
                .isTrue();
    }

    @Test
    void theFixedSetOfFieldsComesInWordsToo() {
        Outcome words =
                in("masked /proc/fs", Workspace.VELO.toString(), "doctor").run().exits(1);
        Map<String, JsonObject> answers = answers(doctor("masked /proc/fs"));
        answers.values().forEach(answer -> {
            assertThat(answer.keySet()).containsExactly("name", "needed", "ok", "type", "reason", "fix", "detail");
            boolean ok = answer.get("ok").getAsBoolean();
            for (String field : List.of("type", "reason", "fix")) {
                assertThat(text(answer, field).isEmpty())
                        .as("%s of %s", field, answer)
                        .isEqualTo(ok);
            }
        });
        JsonObject proc = answers.get("proc");
        assertThat(words.out())
                .containsPattern("(?m)^user-namespace +yes$")
                .containsPattern("(?m)^proc +NO +parts of /proc are covered .*\\(proc-masked\\)$")
                .contains("-> " + text(proc, "fix") + "\n");
    }

    @Test
    void landlockIsToldAsTheKernelHasIt() {
        String abi =
                work.command(List.of(conditions.toString(), "landlock")).run().line();
        Assumptions.assumeTrue(Integer.parseInt(abi) > 0, "needs Landlock in the kernel");
        Map<String, JsonObject> answers = answers(doctor("filter acct EPERM").succeeds());
        assertThat(text(answers.get("landlock"), "detail")).isEqualTo("ABI " + abi);
        assertThat(answers.get("landlock-scopes").get("ok").getAsBoolean()).isEqualTo(Integer.parseInt(abi) >= 6);
        Map.of("EPERM", "landlock-filtered", "ENOSYS", "landlock-missing", "EOPNOTSUPP", "landlock-disabled")
                .forEach((errno, type) -> {
                    Map<String, JsonObject> without =
                            answers(doctor("filter landlock " + errno).succeeds());
                    assertThat(text(without.get("landlock"), "type")).isEqualTo(type);
                    assertThat(without.get("landlock").get("needed").getAsBoolean())
                            .isFalse();
                });
    }

    @ParameterizedTest
    @CsvSource({"memory", "pids", "cpu"})
    void controlGroupsAreToldAsTheyCanBeUsed(String controller) {
        JsonObject answer =
                answers(work.velo("doctor", "--json").run().succeeds()).get("cgroup-" + controller);
        boolean ok = answer.get("ok").getAsBoolean();
        String where = ok
                ? text(answer, "detail").replaceFirst("^[a-z0-9]+: v[12] at ", "")
                : text(answer, "reason").replaceFirst("^[^/]*(/[^ ]*).*$", "$1");
        Assumptions.assumeTrue(
                ok || Set.of("cgroup-v1-owner", "cgroup-not-delegated").contains(text(answer, "type")),
                "nothing to compare with: " + answer);
        assertThat(Path.of(where)).isDirectory();
        Path group = Path.of(where, "velo-it-" + ProcessHandle.current().pid() + "-" + controller);
        boolean made = work.command(List.of("mkdir", group.toString())).tryRun();
        if (made) {
            assertThat(Files.exists(group.resolve("cgroup.procs"))).isTrue();
            work.command(List.of("rmdir", group.toString())).run().succeeds();
        }
        assertThat(made).as(answer.toString()).isEqualTo(ok);
    }

    @Test
    void rangesOfIdsAreToldAsTheyAre() {
        JsonObject answer =
                answers(work.velo("doctor", "--json").run().succeeds()).get("subuid");
        assertThat(answer.get("needed").getAsBoolean()).isFalse();
        if (Host.isRoot()) {
            assertThat(text(answer, "detail")).isEqualTo("root needs none");
            return;
        }
        boolean tools = work.command(List.of("bash", "-c", "command -v newuidmap && command -v newgidmap"))
                .tryRun();
        assertThat(text(answer, "type").equals("subuid-tools"))
                .as(answer.toString())
                .isEqualTo(!tools);
    }
}
