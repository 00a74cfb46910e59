package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Attacks on the start of a sandbox: on the launcher's own program, and by what its caller gives it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class HostileLaunchIT {
    @RegisterExtension
    final Workspace work = new Workspace();

    private AttackProgram program;

    @BeforeAll
    void build() {
        program = AttackProgram.build(work);
    }

    private Command shell(String script, Object... arguments) {
        List<String> argv = new ArrayList<>(
                List.of("bash", "-c", "velo=" + Workspace.VELO + "; base=" + work.base() + "\n" + script, "test"));
        for (Object argument : arguments) {
            argv.add(argument.toString());
        }
        return work.command(argv);
    }

    /** As CVE-2019-5736 did it: the launcher is made to run its own program inside, or is found through init. */
    @Test
    void theLauncherIsNotOverwritten() {
        Path place = work.dir("velo");
        work.sh(
                place,
                "chmod 755 .; cp -a \"$1\" velo; chmod 777 velo/libexec velo/libexec/velo-launch",
                Workspace.HOME);
        Path launcher = place.resolve("velo/libexec/velo-launch");
        assertThat(Files.isWritable(launcher))
                .as("control: it could be written to")
                .isTrue();
        String before = work.sh(place, "sha256sum velo/libexec/*").out();

        Path app = work.ingest(work.tree("""
                printf '#!/proc/self/exe\\n' >itself; printf '#!/proc/self/exe --probe\\n' >probe
                echo 'int main(void) { return 42; }' >p.c
                gcc -o loads-itself p.c -Wl,--dynamic-linker=/proc/self/exe; rm p.c
                cat >finds <<'END'
                #!/bin/sh
                i=0
                while [ $i -lt 30 ]; do
                  for exe in /proc/1/exe /proc/$PPID/exe /proc/self/exe; do
                    { cat $exe >/tmp/copy && [ -n "$(grep -a velo-launch /tmp/copy)" ] && echo read $exe; } 2>/dev/null
                    { echo x >>$exe; } 2>/dev/null && echo wrote $exe
                  done
                  i=$((i+1))
                done
                echo done
                END
                chmod 755 *
                """));
        for (String payload : List.of("/itself", "/probe", "/loads-itself")) {
            Outcome outcome = work.command(List.of(
                            place.resolve("velo/bin/velo").toString(),
                            "run",
                            "--isolate",
                            "--base",
                            work.base().toString(),
                            "--manifest",
                            app.toString(),
                            "--",
                            payload))
                    .run();
            // It may run, as any static program of the host could be brought along; it has no plan to act on.
            assertThat(outcome.exit()).as("%s", outcome).isNotEqualTo(42);
        }
        work.command(List.of(
                        place.resolve("velo/bin/velo").toString(),
                        "run",
                        "--isolate",
                        "--base",
                        work.base().toString(),
                        "--manifest",
                        app.toString(),
                        "--",
                        "/finds"))
                .run()
                .prints("done\n");
        assertThat(work.sh(place, "sha256sum velo/libexec/*").out()).isEqualTo(before);
    }

    /** CVE-2024-21626. */
    @Test
    void noDirectoryOfTheCallerBecomesTheWorkingDirectory() {
        Path secret = work.tree("chmod 755 .; echo hidden >secret.txt; chmod 644 secret.txt");
        assertThat(shell("exec 9<\"$1\"; cat /proc/self/fd/9/secret.txt", secret)
                        .run()
                        .line())
                .as("control: outside")
                .isEqualTo("hidden");
        String run = "exec 9<\"$1\"; cd \"$1\"; \"$velo\" run --isolate --manifest \"$base\" --workdir \"$2\" -- ";
        for (String workdir :
                List.of("/proc/self/fd/9", "/proc/self/fd/9/..", "/proc/1/cwd", "/proc/1/root", "/proc/1/fd/9")) {
            Outcome outcome =
                    shell(run + "/bin/cat secret.txt", secret, workdir).run();
            assertThat(outcome.out()).as(workdir).doesNotContain("hidden");
            outcome.refuses(125, workdir);
        }
        for (String workdir : List.of("/usr/bin", "/proc/self/cwd", "/proc/self")) {
            Outcome outcome = shell(
                            run + "/bin/sh -c 'pwd -P; readlink /proc/self/cwd; cat secret.txt'", secret, workdir)
                    .run();
            assertThat(outcome.out().lines())
                    .as(workdir)
                    .isNotEmpty()
                    .allMatch(line -> line.startsWith("/") && !line.contains("unreachable"));
        }
    }

    /** Opened by its path alone it gives no right to read, but it is a way out all the same. */
    @Test
    void aDirectoryIsNoStreamHoweverItWasOpened() {
        String run = "\"$1\" with \"$2\" \"$velo\" run --isolate --manifest \"$base\" -- /bin/ls /proc/self/fd/0/";
        assertThat(shell("\"$1\" with \"$2\" ls /proc/self/fd/0/", program.file(), "/proc")
                        .run()
                        .out())
                .as("control: outside")
                .contains("self");
        shell(run, program.file(), "/proc").run().refuses(125, "standard descriptor 0", "directory");
    }

    @Test
    void whatTheCallersLoaderIsToldStaysOutside() {
        Path place = work.tree("""
                cat >preload.c <<'END'
                #include <stdio.h>
                __attribute__((constructor)) static void loaded(void) {
                    char name[64] = "";
                    FILE *comm = fopen("/proc/self/comm", "r");
                    FILE *log = fopen(LOG, "a");
                    if (comm != NULL && log != NULL && fgets(name, sizeof name, comm) != NULL) {
                        fputs(name, log);
                        fflush(log);
                    }
                }
                END
                gcc -shared -fPIC -DLOG="\\"$PWD/log\\"" -o preload.so preload.c; chmod 777 .; : >log; chmod 666 log preload.so
                """);
        Outcome outcome = program.inside(List.of("--profile", "host-tools"), "reach")
                .with("LD_PRELOAD", place.resolve("preload.so").toString())
                .with("LD_LIBRARY_PATH", place.toString())
                .with("GCONV_PATH", place.toString())
                .run();
        assertThat(outcome.err()).doesNotContain("preload");
        String loaded = work.sh(place, "sort -u log").out();
        assertThat(loaded).as("control: the JVM's process").contains("java");
        assertThat(loaded).doesNotContain("velo-launch", "attacks");
        assertThat(work.isolated(
                                List.of(
                                        "--profile",
                                        "host-tools",
                                        "--manifest",
                                        program.manifest().toString()),
                                "env")
                        .with("LD_PRELOAD", place.resolve("preload.so").toString())
                        .with("GCONV_PATH", place.toString())
                        .run()
                        .succeeds()
                        .out())
                .doesNotContain("LD_PRELOAD", "GCONV_PATH");
    }

    @Test
    void argumentsOfAnyShape() {
        String count = "echo $#; for a; do printf '%s|' \"$a\" | wc -c; done";
        work.isolated("/bin/sh", "-c", count, "--", "", "a\nb", "--", "-x", "--isolate")
                .run()
                .prints("5\n1\n4\n3\n3\n10\n");
        String large = "x".repeat(120_000);
        String[] command = new String[17];
        java.util.Arrays.fill(command, large);
        command[0] = "/bin/echo";
        assertThat(work.isolated(command).run().succeeds().stdout()).hasSize(16 * 120_001);
        work.isolated("").run().refuses(127, "no such command");
        assertThat(work.isolated().run().exits(125).err()).startsWith("velo: ");
    }

    /** The inner one may make no namespaces: it says so, and does not run its payload without them. */
    @Test
    void veloInsideVeloRefuses() {
        Host.needsTool("java");
        Path mark = work.dir("mark");
        work.sh(mark, "chmod 777 .");
        String java = work.sh(mark, "dirname \"$(dirname \"$(readlink -f \"$(command -v java)\")\")\"")
                .line();
        Path tree = work.tree("echo hello >hello");
        List<String> options = List.of(
                "--profile",
                "host-tools",
                "--bind",
                Workspace.HOME + ":/velo",
                "--bind",
                java + ":/java",
                "--bind",
                mark + ":/mark:rw",
                "--env",
                "JAVA_HOME=/java",
                "--env",
                "VR_THE_SOURCE=/tmp/store",
                "--uid",
                "1000",
                "--gid",
                "1000",
                "--env",
                "HOME=/tmp",
                "--manifest",
                work.ingest(tree).toString());
        Outcome outcome = work.isolated(
                        options,
                        "sh",
                        "-c",
                        "mkdir /tmp/t; /velo/bin/velo ingest /tmp/t --output /tmp/t.velo >/mark/ingested && echo ingested;"
                                + " /velo/bin/velo run --isolate --profile host-tools --manifest /tmp/t.velo -- touch /mark/ran; echo $?")
                .run();
        assertThat(outcome.out()).as("%s", outcome).isEqualTo("ingested\n125\n");
        assertThat(outcome.err()).contains("cannot make", "namespace", "; ");
        assertThat(mark.resolve("ran")).doesNotExist();
        assertThat(mark.resolve("ingested")).exists();
    }
}
