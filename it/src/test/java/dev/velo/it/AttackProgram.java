package dev.velo.it;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The program of hostile acts (resources/attacks), built once: as a file outside, and in a manifest. */
record AttackProgram(Workspace work, Path file, Path manifest) {
    static final Path RESOURCES = Workspace.REPOSITORY.resolve("it/target/test-classes");

    static AttackProgram build(Workspace work) {
        Host.needsTool("gcc");
        Path tree = work.tree("""
                awk -v form=c -f "$0/table.awk" "$0/syscalls.table" >../syscalls.inc
                """.replace("$0", RESOURCES.toString()));
        work.sh(
                tree,
                "gcc -std=c11 -D_GNU_SOURCE -Wall -Werror -static -O1 -I.. -o attacks \"$1\"/*.c; chmod 755 . attacks",
                RESOURCES.resolve("attacks"));
        return new AttackProgram(work, tree.resolve("attacks"), work.ingest(tree));
    }

    /** The program in a sandbox on the busybox root. */
    Command inside(List<String> options, String... arguments) {
        List<String> all = new ArrayList<>(options);
        all.addAll(List.of("--base", work.base().toString(), "--manifest", manifest.toString()));
        List<String> command = new ArrayList<>(List.of("/attacks"));
        command.addAll(List.of(arguments));
        return work.isolated(all, command.toArray(String[]::new));
    }

    /** The program by another command: one that makes namespaces or a sandbox for it, or none at all. */
    Command outside(List<String> before, String... arguments) {
        List<String> command = new ArrayList<>(before);
        command.add(file.toString());
        command.addAll(List.of(arguments));
        return work.command(command).in(file.getParent());
    }

    static Map<String, String> outcomes(Command command) {
        Map<String, String> found = new TreeMap<>();
        command.run().succeeds().out().lines().forEach(line -> found.put(line.split(" ")[0], line.split(" ")[1]));
        return found;
    }
}
