package dev.velo.runner;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;

/**
 * A resident process.
 *
 * @param requests commands that it was asked for, those about itself left out
 * @param idle since the last of them ended
 */
public record ResidentStatus(long pid, String build, Path store, Instant since, long requests, Duration idle) {}
