package dev.velo.cli;

import picocli.CommandLine.IVersionProvider;

/** The version that the jar's manifest holds. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        String version = Version.class.getPackage().getImplementationVersion();
        return new String[] {"velo " + (version == null ? "(not packaged)" : version)};
    }
}
