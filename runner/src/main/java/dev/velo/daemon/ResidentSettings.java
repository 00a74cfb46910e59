package dev.velo.daemon;

import java.nio.file.Path;
import java.time.Duration;

/**
 * How a resident process works.
 *
 * @param store absolute: the only one on which it works
 * @param idle it ends when nobody has asked for anything for as long
 */
public record ResidentSettings(Path store, Duration idle) {}
