package dev.velo.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.velo.runner.Caller;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.TypeConversionException;

class CommandLineTest {
    @TempDir
    Path temp;

    private final Caller caller = new TestCaller(Path.of("/")).caller();

    @Test
    void everyCommandAndOptionHasADescription() {
        CommandLine velo = Velo.commandLine(caller);
        velo.getSubcommands().forEach((name, command) -> {
            assertThat(command.getCommandSpec().usageMessage().description())
                    .as(name)
                    .isNotEmpty();
            for (OptionSpec option : command.getCommandSpec().options()) {
                assertThat(option.description())
                        .as(name + " " + option.longestName())
                        .isNotEmpty();
            }
        });
    }

    @Test
    void aCommandIsReadAloneUnderItsOwnName() {
        assertThat(List.copyOf(Velo.commandLine(caller).getSubcommands().keySet()))
                .containsExactlyElementsOf(Velo.COMMANDS);
        for (String name : Velo.COMMANDS) {
            assertThat(Velo.commandLine(caller, name).getSubcommands())
                    .as(name)
                    .containsKey(name)
                    .hasSize(List.of("help", "completion").contains(name) ? Velo.COMMANDS.size() : 1);
            assertThat(Velo.commandLine(caller).getSubcommands().get(name).getCommandName())
                    .isEqualTo(name);
        }
        assertThat(Velo.commandLine(caller, "ingets").getSubcommands()).hasSameSizeAs(Velo.COMMANDS);
    }

    @Test
    void theManualNamesEveryVisibleOption() {
        Velo.commandLine(caller).getSubcommands().forEach((name, command) -> {
            String page = ManPages.page(command).replace("\\-", "-");
            for (OptionSpec option : command.getCommandSpec().options()) {
                if (!option.hidden()) {
                    assertThat(page).as(name).contains(option.longestName());
                }
            }
            assertThat(page).startsWith(".TH VELO");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"bash", "zsh", "fish"})
    void completionKnowsTheCommands(String shell) throws Exception {
        StringWriter out = new StringWriter();
        assertThat(Velo.commandLine(caller).setOut(new PrintWriter(out)).execute("completion", shell))
                .isZero();
        assertThat(out.toString()).contains("ingest", "placement", "grace").doesNotContain("-a finish");
        if (!shell.equals("fish")) {
            Path script = Files.writeString(temp.resolve("completion"), out.toString());
            Process bash = new ProcessBuilder("bash", "-n", script.toString())
                    .redirectErrorStream(true)
                    .start();
            String said = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(bash.waitFor()).as(said).isZero();
        }
    }

    @Test
    void durationsAreReadAsPeopleWriteThem() {
        DurationConverter converter = new DurationConverter();
        assertThat(converter.convert("30")).isEqualTo(Duration.ofSeconds(30));
        assertThat(converter.convert("250ms")).isEqualTo(Duration.ofMillis(250));
        assertThat(converter.convert("10m")).isEqualTo(Duration.ofMinutes(10));
        assertThat(converter.convert("0s")).isZero();
        assertThat(converter.convert("2d")).isEqualTo(Duration.ofDays(2));
        for (String bad : new String[] {"", "s", "-1s", "1.5h", "1w", "9999999999s"}) {
            assertThatThrownBy(() -> converter.convert(bad)).isInstanceOf(TypeConversionException.class);
        }
    }

    @Test
    void anArgumentThatBeginsWithAnAtSignIsNoFileOfArguments() throws Exception {
        Files.writeString(temp.resolve("file"), "--version");
        assertThat(run("inspect", "@" + temp.resolve("file"))).isEqualTo(1);
        assertThat(said).contains("cannot read manifest @" + temp.resolve("file") + ": there is no such file");
    }

    @Test
    void misuseIsTwoAndForRunItIs125() {
        assertThat(run("ingest")).isEqualTo(2);
        assertThat(run("nonsense")).isEqualTo(2);
        assertThat(run()).isEqualTo(2);
        assertThat(run("run", "--nonsense")).isEqualTo(125);
        assertThat(run("run", "--isolate", "--", "true")).isEqualTo(125);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--pids=0",
                "--pids=-1",
                "--pids=many",
                "--disk=0",
                "--disk=1X",
                "--memory=0",
                "--memory=much",
                "--cpus=0",
                "--cpus=0.009",
                "--cpus=1.0005",
                "--max-output=0",
                "--file-size=0",
                "--timeout=0s",
                "--limits=none"
            })
    void aLimitThatIsNoneIsWrongUsage(String option) {
        assertThat(run("run", "--isolate", "--manifest", "m", option, "--", "true"))
                .isEqualTo(125);
        assertThat(said).contains(option.substring(0, option.indexOf('='))).doesNotContain("cannot run with --");
    }

    private String said = "";

    private int run(String... arguments) {
        TestCaller someone = new TestCaller(temp);
        int status = someone.run(arguments);
        assertThat(someone.out()).isEmpty();
        said = someone.err();
        assertThat(said.lines().filter(line -> line.startsWith("velo: "))).hasSize(1);
        assertThat(said).doesNotContain("\tat ");
        return status;
    }
}
