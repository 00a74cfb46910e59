package dev.velo.namespaces.exec;

import java.nio.file.Path;

/**
 * Ids that are lent to an account, users' and groups' of the same numbers (subuid(5), subgid(5)), and who can map them.
 *
 * @param userMapper newuidmap
 * @param groupMapper newgidmap
 * @param failure the exit status where they cannot be had after all
 */
public record IdLoan(int first, int count, Path userMapper, Path groupMapper, int failure) {}
