package dev.velo.it;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;

/** A line of attacks.table: the outcomes of an act that are right, by where it is done. */
record Attack(
        String name,
        List<String> inside,
        List<String> outside,
        List<String> bubblewrapByUser,
        List<String> bubblewrapByRoot,
        String what) {

    private static final List<String> OF_X86 =
            List.of("foreign_abi", "x32_abi", "call_swapped_by_tracer", "call_swapped_in_filter");

    static List<Attack> all() throws IOException {
        return Files.readAllLines(AttackProgram.RESOURCES.resolve("attacks.table")).stream()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.split(" \\| "))
                .map(part -> new Attack(
                        part[0], outcomes(part[1]), outcomes(part[2]), outcomes(part[3]), outcomes(part[4]), part[5]))
                .toList();
    }

    private static List<String> outcomes(String column) {
        return Arrays.asList(column.split(","));
    }

    boolean isOfAnotherArchitecture() {
        return OF_X86.contains(name) && !System.getProperty("os.arch").equals("amd64");
    }
}
