package dev.velo.profiles;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.stream.Stream;

/** What holds of every profile that is read, whatever was in the file: docs/formats/profile.md, and what the sandbox relies on. */
final class ProfileRules {
    private ProfileRules() {}

    /** The rules that a profile breaks. */
    static List<String> broken(Profile profile) {
        List<String> broken = new ArrayList<>();
        texts(profile).filter(text -> !isText(text)).forEach(text -> broken.add("not a text without NUL: " + text));
        Stream.of(profile.uid(), profile.gid())
                .filter(OptionalInt::isPresent)
                .filter(id -> id.getAsInt() < 0 || id.getAsInt() > 999_999_999)
                .forEach(id -> broken.add("id " + id));
        if (!isHostname(profile.hostname())) {
            broken.add("host name " + profile.hostname());
        }
        if (!isPath(profile.workdir())) {
            broken.add("workdir " + profile.workdir());
        }
        Stream.concat(profile.set().keySet().stream(), profile.pass().stream())
                .filter(name -> name.isEmpty() || name.contains("="))
                .forEach(name -> broken.add("variable " + name));
        if (new HashSet<>(profile.pass()).size() != profile.pass().size()) {
            broken.add("a variable is passed twice");
        }
        Stream.of(profile.tmpSize(), profile.shmSize())
                .filter(size -> size < 1 || size > 1L << 62)
                .forEach(size -> broken.add("size " + size));
        Limits limits = profile.limits();
        Stream.of(limits.memory(), limits.processes(), limits.processors(), limits.disk(), limits.output())
                .filter(limit -> limit.isPresent() && limit.getAsLong() < 1)
                .forEach(limit -> broken.add("limit " + limit));
        limits.time().filter(time -> time.isZero() || time.isNegative()).ifPresent(time -> broken.add("time " + time));
        SystemCalls calls = profile.systemCalls();
        calls.denied().stream()
                .filter(name -> RandomPolicy.CALLS.get(name) == SystemCalls.Rule.NEEDED
                        || calls.allowed().contains(name))
                .forEach(name -> broken.add("denied " + name));
        calls.allowed().stream()
                .filter(name -> RandomPolicy.CALLS.get(name) != SystemCalls.Rule.DENIED)
                .forEach(name -> broken.add("allowed " + name));
        Set<String> targets = new HashSet<>();
        for (HostMount mount : profile.mounts()) {
            if (!isGood(mount)) {
                broken.add("mount " + mount);
            }
            if (!targets.add(mount.target())) {
                broken.add("mounted twice at " + mount.target());
            }
        }
        return broken;
    }

    private static Stream<String> texts(Profile profile) {
        List<String> texts = new ArrayList<>(List.of(profile.name(), profile.description()));
        profile.set().forEach((name, value) -> texts.addAll(List.of(name, value)));
        texts.addAll(profile.pass());
        texts.add(profile.workdir());
        profile.mounts().forEach(mount -> texts.addAll(List.of(mount.source(), mount.target())));
        return texts.stream();
    }

    /** The launcher gets exactly these characters: none ends its strings, and half a surrogate pair has no bytes in UTF-8. */
    private static boolean isText(String text) {
        return text.indexOf('\0') < 0 && StandardCharsets.UTF_8.newEncoder().canEncode(text);
    }

    private static boolean isHostname(String name) {
        String ends = name.isEmpty() ? "-" : "" + name.charAt(0) + name.charAt(name.length() - 1);
        return name.length() <= 64
                && name.chars().allMatch(c -> isLetterOrDigit(c) || c == '-' || c == '.')
                && ends.chars().allMatch(ProfileRules::isLetterOrDigit);
    }

    private static boolean isLetterOrDigit(int c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
    }

    /** Absolute, and in its one form. */
    private static boolean isPath(String path) {
        List<String> names = List.of(path.split("/", -1));
        return path.equals("/")
                || names.size() > 1
                        && names.get(0).isEmpty()
                        && names.stream()
                                .skip(1)
                                .noneMatch(name -> Set.of("", ".", "..").contains(name));
    }

    private static boolean isGood(HostMount mount) {
        String last = mount.source().substring(mount.source().lastIndexOf('/') + 1);
        boolean glob = mount.source().contains("*");
        return isPath(mount.source())
                && isPath(mount.target())
                && !isForSandbox(mount.target())
                && (!glob || mount.target().equals(mount.source()))
                && mount.source().chars().filter(c -> c == '*').count()
                        == last.chars().filter(c -> c == '*').count()
                && !(mount.underManifests() && mount.writable());
    }

    /** Whether a path, in which {@code *} may stand, can be the root or what the sandbox makes itself. */
    static boolean isForSandbox(String target) {
        return target.equals("/")
                || Stream.of("/proc", "/dev").anyMatch(own -> target.startsWith(own + "/") || canBe(target, own));
    }

    /** By what each prefix of the pattern can be. */
    private static boolean canBe(String pattern, String path) {
        boolean[] reached = new boolean[path.length() + 1];
        reached[0] = true;
        for (char c : pattern.toCharArray()) {
            boolean[] next = new boolean[reached.length];
            for (int i = 0; i < reached.length; i++) {
                if (c == '*') {
                    next[i] = reached[i] || i > 0 && next[i - 1] && path.charAt(i - 1) != '/';
                } else {
                    next[i] = i > 0 && reached[i - 1] && path.charAt(i - 1) == c;
                }
            }
            reached = next;
        }
        return reached[path.length()];
    }
}
