package dev.velo.runner;

import dev.velo.linkfarm.LayerProbe;
import dev.velo.namespaces.HostCapability;
import dev.velo.namespaces.LaunchException;
import dev.velo.namespaces.exec.Launcher;
import java.nio.file.Path;
import java.util.Optional;

/** Asks the launcher to mount a metadata layer: names and versions of kernels prove nothing. */
public final class MountedLayers implements LayerProbe {
    private final Launcher launcher;

    public MountedLayers(Installation installation) {
        this.launcher = new Launcher(installation.launcher());
    }

    @Override
    public Optional<String> refusal(Path directory) {
        try {
            HostCapability metadata = launcher.probeMetadata(directory);
            return metadata.ok() ? Optional.empty() : Optional.of(metadata.reason());
        } catch (LaunchException e) {
            return Optional.of(e.getMessage());
        }
    }
}
