package dev.velo.profiles;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/**
 * What a profile says of system calls that the filter would not do by itself. Immutable; in the order in which they are named.
 *
 * @param denied by name
 * @param allowed by name; none that is denied, too
 */
public record SystemCalls(Set<String> denied, Set<String> allowed) {
    /** The filter as it is. */
    public static final SystemCalls UNCHANGED = new SystemCalls(Set.of(), Set.of());

    public SystemCalls {
        denied = Collections.unmodifiableSet(new LinkedHashSet<>(denied));
        allowed = Collections.unmodifiableSet(new LinkedHashSet<>(allowed));
    }

    /** What a profile can change about a call. */
    public enum Rule {
        /** The filter allows it; it can be denied. */
        FREE,
        /** The filter denies it; it can be allowed. */
        DENIED,
        /** The filter denies it, whatever a profile says. */
        FIXED,
        /** The filter looks at its arguments; it can be denied, but the check stays. */
        CHECKED,
        /** The filter allows it, whatever a profile says. */
        NEEDED
    }

    /** The system calls that there are; asked only where a profile names some. */
    public interface Table {
        Map<String, Rule> read() throws ProfileException;
    }
}
