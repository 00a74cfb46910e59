package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The tour of the README does what it says: each command is run, and prints what stands below it. A line of {@code ...} stands for any lines. */
@Tag("once")
class TourIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private record Step(String command, List<String> expected) {}

    @Test
    void everyCommandPrintsWhatTheReadmeSays() throws Exception {
        List<Step> steps = steps(Files.readString(Workspace.REPOSITORY.resolve("README.md")));
        assertThat(steps).hasSizeGreaterThan(8);

        Path place = work.dir("tour");
        Files.createSymbolicLink(place.resolve("scripts"), Workspace.REPOSITORY.resolve("scripts"));
        Files.createSymbolicLink(place.resolve("runner"), Workspace.REPOSITORY.resolve("runner"));
        StringBuilder script = new StringBuilder();
        for (int i = 0; i < steps.size(); i++) {
            script.append("{ ")
                    .append(steps.get(i).command())
                    .append("\n} >out.")
                    .append(i)
                    .append(" 2>&1 </dev/null; echo $? >status.")
                    .append(i)
                    .append("\n");
        }
        work.command(List.of("bash", "-c", script.toString())).in(place).run();

        for (int i = 0; i < steps.size(); i++) {
            Step step = steps.get(i);
            String output = Files.readString(place.resolve("out." + i)).strip();
            assertThat(Files.readString(place.resolve("status." + i)).strip())
                    .as("status of %s, which printed: %s", step.command(), output)
                    .isEqualTo("0");
            assertThat(output).as("output of %s", step.command()).matches(pattern(step.expected()));
        }
    }

    private static Pattern pattern(List<String> lines) {
        StringBuilder regex = new StringBuilder();
        for (String line : lines) {
            if (line.equals("...")) {
                regex.append("(?:.*\\R?)*?");
            } else {
                // Within a line, three dots stand for whatever differs from machine to machine.
                List<String> parts = new ArrayList<>();
                for (String part : line.split(Pattern.quote("..."), -1)) {
                    parts.add(Pattern.quote(part));
                }
                regex.append(String.join(".*", parts)).append("\\R?");
            }
        }
        return Pattern.compile(regex.toString());
    }

    private static List<Step> steps(String readme) {
        List<Step> steps = new ArrayList<>();
        boolean marked = false;
        boolean within = false;
        for (String line : readme.lines().toList()) {
            if (line.equals("<!-- tour -->")) {
                marked = true;
            } else if (marked && line.equals("```console")) {
                within = true;
                marked = false;
            } else if (line.equals("```")) {
                within = false;
            } else if (within && line.startsWith("$ ")) {
                steps.add(new Step(line.substring(2), new ArrayList<>()));
            } else if (within) {
                steps.get(steps.size() - 1).expected().add(line);
            }
        }
        return steps;
    }
}
