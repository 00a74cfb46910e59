package dev.velo.runner;

import dev.velo.cas.store.IdRange;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * The ids that the host lends to an ordinary user (subuid(5)). With them a command starts again as root of a user namespace of
 * the user's own ({@link CallerProcess#startAgain}), in which it does what root does: give each tenant one.
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
}
