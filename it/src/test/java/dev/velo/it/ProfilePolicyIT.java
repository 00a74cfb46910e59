package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.velo.namespaces.CallChange;
import dev.velo.namespaces.Identity;
import dev.velo.namespaces.LaunchPlan;
import dev.velo.namespaces.PlanCodec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a profile's sections {@code limits} and {@code syscalls} do to a run. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ProfilePolicyIT {
    private static final int EDQUOT = 122;
    private static final int ENOSYS = 38;

    @RegisterExtension
    final Workspace work = new Workspace();

    private Path tree;
    private Path manifest;

    @BeforeAll
    void build() {
        Host.needsTool("gcc");
        Path resources = Workspace.REPOSITORY.resolve("it/target/test-classes");
        tree = work.dir("programs");
        work.sh(tree, """
                awk -v form=c -f "$1/table.awk" "$1/syscalls.table" >../syscalls.inc
                for name in calls scopes; do
                  gcc -std=c11 -D_GNU_SOURCE -Wall -Werror -static -O1 -I.. -o "$name" "$1/$name.c"
                done
                gcc -std=c11 -D_GNU_SOURCE -Wall -Werror -static -O1 -I.. -o attacks "$1"/attacks/*.c
                chmod 755 . *
                """, resources);
        manifest = work.ingest(tree);
    }

    private Path profile(String text) {
        Path file = work.dir("profile").resolve("p.yaml");
        try {
            return Files.writeString(file, "extends: hermetic\n" + text + "\n");
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<String> options(String profile, String... more) {
        List<String> options = new ArrayList<>(
                List.of("--profile", profile, "--base", work.base().toString(), "--manifest", manifest.toString()));
        options.addAll(List.of(more));
        return options;
    }

    private Map<String, String> outcomes(String profile, String... command) {
        Map<String, String> found = new TreeMap<>();
        Outcome outcome = work.isolated(options(profile), command).run().succeeds();
        assertThat(outcome.err()).isEmpty();
        outcome.out().lines().forEach(line -> found.put(line.split(" ")[0], line.split(" ")[1]));
        return found;
    }

    @ParameterizedTest
    @ValueSource(strings = {"getcwd", "mkdirat", "uname", "ioctl", "socket", "statmount"})
    void aDeniedCallFailsAndNoOther(String name) {
        Map<String, String> expected = outcomes("hermetic", "/calls");
        assertThat(expected)
                .hasSize(7)
                .allSatisfy((call, outcome) -> assertThat(outcome).as(call).isEqualTo("works"));
        expected.put(name, "EPERM");
        assertThat(outcomes(profile("syscalls: {deny: [" + name + "]}").toString(), "/calls"))
                .isEqualTo(expected);
    }

    @Test
    void denialsOfSeveralCallsAddUp() {
        Map<String, String> found = outcomes(
                profile("syscalls: {deny: [getcwd, uname, mount, clone3]}").toString(), "/calls");
        assertThat(found).containsEntry("getcwd", "EPERM").containsEntry("uname", "EPERM");
        assertThat(found).containsEntry("mkdirat", "works").containsEntry("socket", "works");
        // Threads of a C library begin by clone3, and fall back where that is unknown, not where it is refused.
        assertThat(outcomes(profile("syscalls: {deny: [clone3]}").toString(), "/attacks"))
                .containsEntry("plain_clone3", "ENOSYS");
    }

    @ParameterizedTest
    @CsvSource({"keyctl,session_keyring", "add_key,add_key", "io_uring_setup,asynchronous_io", "kcmp,compare_self"})
    void anAllowedCallReachesTheKernelAndNoOther(String name, String act) {
        String profile = profile("syscalls: {allow: [" + name + "]}").toString();
        Map<String, String> expected = outcomes("hermetic", "/attacks", "calls");
        assertThat(expected)
                .hasSizeGreaterThan(50)
                .allSatisfy((call, outcome) -> assertThat(outcome).as(call).isEqualTo("EPERM"));
        Map<String, String> calls = outcomes(profile, "/attacks", "calls");
        assertThat(calls.remove(name)).isNotEqualTo(expected.remove(name));
        assertThat(calls).isEqualTo(expected);

        Map<String, String> refused = outcomes("hermetic", "/attacks");
        Map<String, String> acts = outcomes(profile, "/attacks");
        assertThat(refused.remove(act)).isEqualTo("EPERM");
        assertThat(acts.remove(act)).isIn("works", "ENOSYS");
        assertThat(acts).isEqualTo(refused);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "allow|mount|'mount' cannot be allowed: docs/syscalls.md says why",
                "allow|setns|'setns' cannot be allowed: docs/syscalls.md says why",
                "allow|clone3|'clone3' cannot be allowed: docs/syscalls.md says why",
                "allow|open_by_handle_at|'open_by_handle_at' cannot be allowed: docs/syscalls.md says why",
                "allow|finit_module|'finit_module' cannot be allowed: docs/syscalls.md says why",
                "allow|clone|'clone' cannot be allowed: it is, but for some arguments",
                "allow|unshare|'unshare' cannot be allowed: it is, but for some arguments",
                "allow|ioctl|'ioctl' cannot be allowed: it is, but for some arguments",
                "allow|socket|'socket' cannot be allowed: it is, but for some arguments",
                "allow|getcwd|'getcwd' cannot be allowed: nothing denies it",
                "allow|keyctll|there is no system call 'keyctll' on this architecture",
                "allow|*|there is no system call '*' on this architecture",
                "deny|execve|'execve' cannot be denied: without it no program begins or ends",
                "deny|nonsense|there is no system call 'nonsense' on this architecture",
            })
    void whatNoProfileMayChangeIsRefusedWithItsPlace(String list, String name, String reason) {
        String quoted = name.equals("*") ? "'*'" : name;
        Path file = profile("syscalls:\n  " + list + ":\n    - " + quoted);
        work.isolated(options(file.toString()), "/bin/echo", "ran")
                .run()
                .refuses(125, "cannot read profile " + file + ": line 4, column 7: " + reason);
    }

    @Test
    void theLauncherRefusesWhatShouldNotHaveCome() throws IOException {
        check(new CallChange("getcwd", false), 0, "");
        check(new CallChange("keyctl", true), 0, "");
        check(new CallChange("nonsense", false), 125, "cannot filter system call nonsense: this architecture has none");
        check(new CallChange("mount", true), 125, "cannot allow system call mount: no plan may change that");
        check(new CallChange("ioctl", true), 125, "cannot allow system call ioctl: no plan may change that");
        check(new CallChange("exit_group", false), 125, "cannot deny system call exit_group: no plan may change that");
    }

    private void check(CallChange change, int status, String message) throws IOException {
        LaunchPlan plan = new LaunchPlan.Builder()
                .base("/store")
                .runDirectory("run")
                .layer("layer")
                .argument("/bin/true")
                .identity(new Identity(0, 0, 1000, 1000))
                .change(change)
                .build();
        Path file = Files.write(work.dir("plan").resolve("plan"), PlanCodec.encode(plan));
        Outcome outcome = work.command(List.of(
                        "sh",
                        "-c",
                        "exec \"$0\" --check 3<\"$1\"",
                        Workspace.HOME.resolve("libexec/velo-launch").toString(),
                        file.toString()))
                .run()
                .exits(status);
        assertThat(outcome.err()).contains(message);
    }

    @Test
    void keysAreAllowedOnlyInAKeyringOfTheSandboxsOwn() {
        String keys = profile("syscalls: {allow: [keyctl]}").toString();
        // A plan without calls for keys gets one warning, as it always did.
        Outcome warned = withoutKeyring(EDQUOT, "hermetic");
        assertThat(warned.succeeds().out()).isEqualTo("ran\n");
        assertThat(warned.err()).contains("warning: the sandbox has no keyring of its own");
        withoutKeyring(EDQUOT, keys).refuses(125, "cannot give the sandbox a keyring of its own: ");
        // A kernel without keys has none to protect.
        withoutKeyring(ENOSYS, keys).prints("ran\n");
    }

    private Outcome withoutKeyring(int errno, String profile) {
        List<String> command = new ArrayList<>(List.of(
                tree.resolve("scopes").toString(),
                "without",
                "keyctl",
                Integer.toString(errno),
                Workspace.VELO.toString(),
                "run",
                "--isolate"));
        command.addAll(options(profile));
        command.addAll(List.of("--", "/bin/echo", "ran"));
        return work.command(command).run();
    }

    private static final String FORK_BOMB = """
            (i=0; while [ $i -lt 60 ]; do sleep 987653 & i=$((i+1)); done) 2>/dev/null
            set -- /proc/[0-9]*; echo $#
            """;

    private Outcome shell(String profile, String script, String... more) {
        return work.isolated(options(profile, more), "/bin/sh", "-c", script).run();
    }

    @Test
    void limitsOfAProfileHoldAndAnOptionWinsOverThem() {
        String pids = profile("limits: {pids: 20}").toString();
        assertThat(shell("hermetic", FORK_BOMB).succeeds().line()).isEqualTo("62");
        assertThat(shell(pids, FORK_BOMB).line()).isEqualTo("20");
        assertThat(shell(pids, FORK_BOMB, "--pids", "30").line()).isEqualTo("30");

        String disk = profile("limits: {disk: 1M}").toString();
        String fill = "dd if=/dev/zero of=/big bs=64K count=64 2>/dev/null; wc -c </big";
        assertThat(shell("hermetic", fill).line()).isEqualTo("4194304");
        assertThat(shell(disk, fill).line()).isEqualTo("1048576");
        assertThat(shell(disk, fill, "--disk", "2M").line()).isEqualTo("2097152");

        String time = profile("limits: {timeout: 300ms}").toString();
        shell("hermetic", "sleep 1; echo late").prints("late\n");
        shell(time, "sleep 1; echo late").exits(124);
        shell(time, "sleep 1; echo late", "--timeout", "1m").prints("late\n");
    }

    @Test
    void anotherLimitAsAnOptionLeavesThoseOfTheProfile() {
        String pids = profile("limits: {pids: 20}").toString();
        assertThat(shell(pids, FORK_BOMB, "--disk", "4M").line()).isEqualTo("20");
    }

    @Test
    void aLimitThatIsNoneIsRefusedWithItsPlace() {
        Path file = profile("limits:\n  pids: 0");
        work.isolated(options(file.toString()), "/bin/echo", "ran")
                .run()
                .refuses(125, "cannot read profile " + file + ": line 3, column 9: pids must be more than 0");
    }
}
