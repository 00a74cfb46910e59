package dev.velo.cli;

import dev.velo.linkfarm.Placement;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;

/** The values of {@code --placement}. */
final class PlacementOption {
    static final String AUTO = "auto";

    private PlacementOption() {}

    /** Empty for a choice by probe. */
    static Optional<Placement> parse(CommandSpec spec, String value) {
        Optional<Placement> placement = Placement.of(value);
        if (placement.isEmpty() && !value.equals(AUTO)) {
            String known =
                    Arrays.stream(Placement.values()).map(Placement::label).collect(Collectors.joining(", "));
            throw new ParameterException(
                    spec.commandLine(), "--placement is " + AUTO + ", " + known + ", not '" + value + "'");
        }
        return placement;
    }
}
