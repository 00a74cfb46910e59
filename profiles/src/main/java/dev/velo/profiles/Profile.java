package dev.velo.profiles;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/**
 * What a sandbox shows, sets and allows. Immutable.
 *
 * @param uid inside; empty for the caller's
 * @param gid inside; empty for the caller's
 * @param set environment variables and their values
 * @param pass names of the caller's environment variables that go in where he has them
 * @param hostNetwork the host's network instead of none
 * @param tmpSize bytes that /tmp may hold
 * @param shmSize bytes that /dev/shm may hold
 */
public record Profile(
        String name,
        String description,
        OptionalInt uid,
        OptionalInt gid,
        String hostname,
        String workdir,
        Map<String, String> set,
        List<String> pass,
        boolean hostNetwork,
        long tmpSize,
        long shmSize,
        List<HostMount> mounts,
        Limits limits,
        SystemCalls systemCalls) {
    public Profile {
        // Keeps the order, so that the same profile gives the same plan each time.
        set = Collections.unmodifiableMap(new LinkedHashMap<>(set));
        pass = List.copyOf(pass);
        mounts = List.copyOf(mounts);
    }
}
