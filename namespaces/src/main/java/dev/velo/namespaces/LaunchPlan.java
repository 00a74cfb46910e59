package dev.velo.namespaces;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** Everything about one run, as a value. Immutable. Bytes are raw where users choose them: arguments and environment. */
public final class LaunchPlan {
    private final Builder values;

    private LaunchPlan(Builder values) {
        this.values = values;
    }

    public List<byte[]> arguments() {
        return values.arguments;
    }

    public List<byte[]> environment() {
        return values.environment;
    }

    public List<String> layers() {
        return values.layers;
    }

    /** In the order in which they are made; no tree twice. */
    public List<ComposedLayer> composed() {
        return values.composed;
    }

    public List<MountOp> mounts() {
        return values.mounts;
    }

    public List<Integer> keptDescriptors() {
        return values.kept;
    }

    public List<String> finish() {
        return values.finish;
    }

    public String workdir() {
        return values.workdir;
    }

    public String hostname() {
        return values.hostname;
    }

    public String base() {
        return values.base;
    }

    public String runDirectory() {
        return values.runDirectory;
    }

    public Identity identity() {
        return values.identity;
    }

    public Network network() {
        return values.network;
    }

    public OptionalInt lifeline() {
        return values.lifeline;
    }

    public OptionalLong descriptorLimit() {
        return values.descriptorLimit;
    }

    public Optional<Duration> timeLimit() {
        return Optional.ofNullable(values.timeLimit);
    }

    public boolean stdinNull() {
        return values.stdinNull;
    }

    /** The payload gets a terminal of its own instead of the caller's streams. */
    public boolean terminal() {
        return values.terminal;
    }

    /** Those that were asked for. */
    public Map<Resource, Long> limits() {
        return Collections.unmodifiableMap(values.limits);
    }

    /** Of the filter; no call twice. */
    public List<CallChange> callChanges() {
        return values.changes;
    }

    /** A limit that cannot be enforced does not keep the run from beginning. */
    public boolean bestEffort() {
        return values.bestEffort;
    }

    /** Where the record of the run goes: absolute. */
    public Optional<String> result() {
        return Optional.ofNullable(values.result);
    }

    /** Equal when every byte of the plan is. */
    @Override
    public boolean equals(Object other) {
        return other instanceof LaunchPlan plan && Arrays.equals(PlanCodec.encode(this), PlanCodec.encode(plan));
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(PlanCodec.encode(this));
    }

    /** Collects the values of a plan. Not safe for use by many threads. */
    public static final class Builder {
        private final List<byte[]> arguments = new ArrayList<>();
        private final List<byte[]> environment = new ArrayList<>();
        private final List<String> layers = new ArrayList<>();
        private final List<ComposedLayer> composed = new ArrayList<>();
        private final List<MountOp> mounts = new ArrayList<>();
        private final List<Integer> kept = new ArrayList<>();
        private final List<String> finish = new ArrayList<>();
        private final List<CallChange> changes = new ArrayList<>();
        private String workdir = "/";
        private String hostname = "velo";
        private String base;
        private String runDirectory;
        private Identity identity;
        private Network network = Network.NONE;
        private OptionalInt lifeline = OptionalInt.empty();
        private OptionalLong descriptorLimit = OptionalLong.empty();
        private Duration timeLimit;
        private boolean stdinNull;
        private boolean terminal;
        private boolean bestEffort;
        private String result;
        private final Map<Resource, Long> limits = new EnumMap<>(Resource.class);

        public Builder argument(byte[] argument) {
            arguments.add(argument.clone());
            return this;
        }

        public Builder argument(String argument) {
            return argument(argument.getBytes(StandardCharsets.UTF_8));
        }

        /** @param assignment {@code K=V} */
        public Builder environment(byte[] assignment) {
            environment.add(assignment.clone());
            return this;
        }

        /** Topmost first; relative to the base. */
        public Builder layer(String layer) {
            layers.add(layer);
            return this;
        }

        public Builder compose(ComposedLayer layer) {
            composed.add(layer);
            return this;
        }

        public Builder mount(MountOp mount) {
            mounts.add(mount);
            return this;
        }

        /** A descriptor whose lock the supervisor keeps. */
        public Builder keep(int descriptor) {
            kept.add(descriptor);
            return this;
        }

        /** What the supervisor runs after the payload. */
        public Builder finish(List<String> command) {
            finish.addAll(command);
            return this;
        }

        public Builder workdir(String directory) {
            workdir = directory;
            return this;
        }

        public Builder hostname(String name) {
            hostname = name;
            return this;
        }

        /** The store: absolute. */
        public Builder base(String directory) {
            base = directory;
            return this;
        }

        /** Relative to the base. */
        public Builder runDirectory(String directory) {
            runDirectory = directory;
            return this;
        }

        public Builder identity(Identity ids) {
            identity = ids;
            return this;
        }

        public Builder network(Network kind) {
            network = kind;
            return this;
        }

        public Builder lifeline(int descriptor) {
            lifeline = OptionalInt.of(descriptor);
            return this;
        }

        /** The soft limit of open files. */
        public Builder descriptorLimit(long limit) {
            descriptorLimit = OptionalLong.of(limit);
            return this;
        }

        public Builder timeLimit(Duration limit) {
            timeLimit = limit;
            return this;
        }

        public Builder stdinNull(boolean value) {
            stdinNull = value;
            return this;
        }

        public Builder terminal(boolean value) {
            terminal = value;
            return this;
        }

        /** @param most more than 0, in units of the resource */
        public Builder limit(Resource resource, long most) {
            limits.put(resource, most);
            return this;
        }

        public Builder change(CallChange change) {
            changes.add(change);
            return this;
        }

        public Builder bestEffort(boolean value) {
            bestEffort = value;
            return this;
        }

        /** @param file absolute */
        public Builder result(String file) {
            result = file;
            return this;
        }

        public LaunchPlan build() {
            if (arguments.isEmpty() || layers.isEmpty() || base == null || runDirectory == null || identity == null) {
                throw new IllegalStateException("a plan needs arguments, layers, base, run directory and identity");
            }
            return new LaunchPlan(this);
        }
    }
}
