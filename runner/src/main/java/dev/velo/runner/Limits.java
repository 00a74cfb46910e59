package dev.velo.runner;

import java.util.OptionalLong;

/**
 * What the payload may use at most; a run that cannot be held to it does not begin.
 *
 * @param processes processes and threads at one time
 * @param disk bytes written to the root, all that is there at one time
 */
public record Limits(OptionalLong processes, OptionalLong disk) {}
