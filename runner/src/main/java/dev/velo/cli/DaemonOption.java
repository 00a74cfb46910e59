package dev.velo.cli;

import picocli.CommandLine.Option;

/** The option by which every command but those about it does without the resident process. bin/velo has acted on it before Java reads it. */
final class DaemonOption {
    @Option(
            names = "--no-daemon",
            description = "Work without a resident process, as with VELO_DAEMON=0 in the environment.")
    private boolean noDaemon;
}
