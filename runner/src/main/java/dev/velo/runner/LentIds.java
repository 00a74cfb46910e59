package dev.velo.runner;

import dev.velo.cas.VeloException;
import dev.velo.cas.store.IdRange;
import dev.velo.namespaces.LaunchException;
import dev.velo.namespaces.exec.IdLoan;
import dev.velo.namespaces.exec.Launcher;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The ids that the host lends to an ordinary user (subuid(5)). With them Velo starts itself again as root of a user namespace of the
 * user's own, in which it does what root does: give each tenant one.
 */
final class LentIds {
    private final HostIds host;
    private final Map<String, String> environment;

    LentIds(HostIds host, Map<String, String> environment) {
        this.host = host;
        this.environment = environment;
    }

    /** What is lent and how to get it, or why not. */
    record Answer(IdRange range, Path userMapper, Path groupMapper, String refusal) {
        static Answer no(String refusal) {
            return new Answer(null, null, null, refusal);
        }

        boolean isYes() {
            return refusal.isEmpty();
        }
    }

    /** @param wanted only these */
    Answer to(int uid, Optional<IdRange> wanted) throws IOException {
        Optional<Path> userMapper = program("newuidmap");
        Optional<Path> groupMapper = program("newgidmap");
        Optional<IdRange> lent = host.lentTo(host.namesOf(uid));
        if (lent.isEmpty()) {
            return Answer.no("/etc/subuid and /etc/subgid lend no ids to uid " + uid);
        }
        if (wanted.isPresent()
                && !(lent.get().contains(wanted.get().first())
                        && lent.get().contains(wanted.get().last()))) {
            return Answer.no(
                    "/etc/subuid and /etc/subgid lend " + lent.get() + " to uid " + uid + ", not " + wanted.get());
        }
        if (userMapper.isEmpty() || groupMapper.isEmpty()) {
            return Answer.no("the programs newuidmap and newgidmap are not installed");
        }
        return new Answer(wanted.orElse(lent.get()), userMapper.get(), groupMapper.get(), "");
    }

    private Optional<Path> program(String name) {
        for (String directory :
                environment.getOrDefault("PATH", "/usr/bin:/bin").split(":")) {
            Path file = Path.of(directory, name);
            if (file.isAbsolute() && Files.isExecutable(file)) {
                return Optional.of(file);
            }
        }
        return Optional.empty();
    }

    /** This very command once more, with these ids. Returns only by exception. */
    static void startAgain(Installation installation, Answer answer, int failure) throws IOException, VeloException {
        List<byte[]> command = ProcessStrings.arguments();
        command.set(0, Path.of("/proc/self/exe").toRealPath().toString().getBytes(StandardCharsets.UTF_8));
        List<byte[]> variables = new ArrayList<>();
        String assignment = TenantIdRange.VARIABLE + "=";
        for (byte[] variable : ProcessStrings.environment()) {
            if (!new String(variable, StandardCharsets.ISO_8859_1).startsWith(assignment)) {
                variables.add(variable);
            }
        }
        IdRange range = answer.range();
        variables.add((assignment + range.first() + ":" + range.count()).getBytes(StandardCharsets.US_ASCII));
        IdLoan loan = new IdLoan(range.first(), range.count(), answer.userMapper(), answer.groupMapper(), failure);
        try {
            new Launcher(installation.launcher()).becomeWithIds(loan, command, variables);
        } catch (LaunchException e) {
            throw new VeloException(
                    "cannot start velo with the ids that are lent to you: " + e.getMessage(), "see velo doctor", e);
        }
    }
}
