package dev.velo.it;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** What sandboxes of one workspace have on the host: while they run, and, should something go wrong, afterwards. */
record Traces(Set<String> processes, Set<String> mounts, Set<String> runDirectories) {

    /**
     * @param mark a word in the command lines of the payloads
     */
    static Traces of(Workspace work, String mark) {
        Outcome found = work.sh(Path.of("/"), """
                set +o pipefail
                store=$1 mark=$2
                for p in /proc/[0-9]*; do
                  if { tr '\\0' ' ' <$p/cmdline; readlink $p/fd/* $p/cwd; cat $p/mountinfo; } 2>/dev/null | grep -F -e "$store" -e "$mark" >/dev/null; then
                    echo "process ${p#/proc/} $(tr '\\0\\n' '  ' 2>/dev/null <$p/cmdline)"
                  fi
                done
                grep -F "$store" /proc/self/mountinfo | sed 's/^/mount /'
                # What a name keeps alive, other than a process.
                grep -F ' - nsfs ' /proc/self/mountinfo | sed 's/^/mount /'
                ls -A "$store/leases" | sed 's/^/run /'
                """, work.store(), mark);
        return new Traces(lines(found, "process "), lines(found, "mount "), lines(found, "run "));
    }

    private static Set<String> lines(Outcome found, String kind) {
        Set<String> lines = new TreeSet<>();
        found.out()
                .lines()
                // The search finds itself.
                .filter(line -> !line.contains("set +o pipefail") && !line.contains(" grep -F "))
                .filter(line -> line.startsWith(kind))
                .forEach(line -> lines.add(line.substring(kind.length())));
        return lines;
    }

    /** What is here and was not there before. */
    Traces without(Traces before) {
        return new Traces(
                difference(processes, before.processes),
                difference(mounts, before.mounts),
                difference(runDirectories, before.runDirectories));
    }

    /** What is in both. */
    Traces and(Traces later) {
        return without(without(later));
    }

    private static Set<String> difference(Set<String> now, Set<String> before) {
        Set<String> difference = new TreeSet<>(now);
        difference.removeAll(before);
        return difference;
    }

    boolean isEmpty() {
        return List.of(processes, mounts, runDirectories).stream().allMatch(Set::isEmpty);
    }
}
