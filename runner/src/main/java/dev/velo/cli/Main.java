package dev.velo.cli;

import dev.velo.runner.Caller;

/** A process that does one command. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(CommandLineSession.run(Caller.ofThisProcess(args)));
    }
}
