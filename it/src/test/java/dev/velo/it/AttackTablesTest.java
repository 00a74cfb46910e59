package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** docs/attacks.md is made from these tables: what they name exists. */
class AttackTablesTest {
    private static List<String[]> lines(String table) throws IOException {
        return Files.readAllLines(AttackProgram.RESOURCES.resolve(table)).stream()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.split(" \\| "))
                .toList();
    }

    @Test
    void everyTestThatATableNamesIsThere() throws Exception {
        Set<String> acts = Attack.all().stream().map(Attack::name).collect(Collectors.toSet());
        List<String> named = new ArrayList<>();
        for (String[] line : lines("cves.table")) {
            assertThat(line).as(line[0]).hasSize(4);
            named.addAll(line[2].equals("-") ? List.of() : Arrays.asList(line[2].split(", ")));
        }
        for (String[] line : lines("scenarios.table")) {
            assertThat(line).as(line[0]).hasSize(2);
            named.addAll(Arrays.asList(line[1].split(", ")));
        }
        for (String name : named) {
            int dot = name.indexOf('.');
            if (dot < 0) {
                assertThat(acts).contains(name);
            } else {
                assertThat(Class.forName("dev.velo.it." + name.substring(0, dot))
                                .getDeclaredMethods())
                        .as(name)
                        .extracting("name")
                        .contains(name.substring(dot + 1));
            }
        }
        assertThat(named).hasSizeGreaterThan(100);
    }

    @Test
    void everyActHasAllItsColumnsAndItsNameOnce() throws IOException {
        assertThat(Attack.all()).extracting(Attack::name).doesNotHaveDuplicates();
        assertThat(lines("attacks.table"))
                .hasSizeGreaterThan(100)
                .allSatisfy(line -> assertThat(line).as(line[0]).hasSize(6));
    }
}
