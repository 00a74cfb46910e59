package dev.velo.runner;

import dev.velo.namespaces.LaunchException;
import dev.velo.namespaces.exec.Launcher;
import dev.velo.profiles.ProfileException;
import dev.velo.profiles.SystemCalls;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The system calls as the launcher knows them, which makes the filter: so no list of Java's can differ from its own. */
final class LauncherCalls implements SystemCalls.Table {
    private final Installation installation;

    LauncherCalls(Installation installation) {
        this.installation = installation;
    }

    @Override
    public Map<String, SystemCalls.Rule> read() throws ProfileException {
        try {
            return rules(new Launcher(installation.launcher()).systemCalls());
        } catch (LaunchException e) {
            throw new ProfileException(e);
        }
    }

    private Map<String, SystemCalls.Rule> rules(List<String> lines) throws ProfileException {
        Map<String, SystemCalls.Rule> rules = new HashMap<>();
        try {
            for (String line : lines) {
                String[] words = line.split(" ", 2);
                rules.put(words[0], SystemCalls.Rule.valueOf(words[words.length - 1].toUpperCase(Locale.ROOT)));
            }
        } catch (IllegalArgumentException e) {
            rules.clear();
        }
        if (rules.isEmpty()) {
            throw new ProfileException(
                    "cannot check the system calls of a profile: " + installation.launcher() + " does not list them",
                    "use bin/velo and velo-launch of one distribution");
        }
        return rules;
    }
}
