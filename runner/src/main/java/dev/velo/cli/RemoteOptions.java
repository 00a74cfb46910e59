package dev.velo.cli;

import dev.velo.cas.VeloException;
import dev.velo.runner.Caller;
import dev.velo.transfer.reapi.GrpcAddress;
import dev.velo.transfer.reapi.GrpcRemote;
import dev.velo.transfer.reapi.GrpcSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** How push and pull speak with a server. Names no type of gRPC: it is loaded only where a server is spoken with. */
final class RemoteOptions {
    @Option(
            names = "--header",
            paramLabel = "K=V",
            description = "Send this with every request, as authorization=TOKEN. May be repeated.")
    private Map<String, String> headers = new LinkedHashMap<>();

    @Option(
            names = "--ca",
            paramLabel = "FILE",
            description = "Trust the certificates in this PEM file instead of those that Java trusts (grpcs only).")
    private Path ca;

    @Option(
            names = "--timeout",
            paramLabel = "DURATION",
            converter = DurationConverter.class,
            defaultValue = "60s",
            description = "Give up when nothing has moved for this long (default: 60s).")
    private Duration timeout;

    GrpcRemote connect(CommandSpec spec, String address, Caller caller) throws VeloException {
        Optional<GrpcAddress> parsed = GrpcAddress.parse(address);
        if (parsed.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(), "'" + address + "' is not like grpc://HOST:PORT or grpcs://HOST:PORT/INSTANCE");
        }
        if (timeout.isZero()) {
            throw new ParameterException(spec.commandLine(), "--timeout must be longer than nothing");
        }
        if (ca != null && !parsed.get().tls()) {
            throw new ParameterException(spec.commandLine(), "--ca needs a grpcs:// address");
        }
        GrpcSettings settings = new GrpcSettings(headers, caller.optional(ca), timeout);
        GrpcRemote remote = GrpcRemote.connect(parsed.get(), settings);
        if (remote.isUncompressed()) {
            CommandLineSession.say(
                    spec.commandLine().getErr(),
                    "blobs travel uncompressed: the zstd library does not load here, where Java's temporary files may not"
                            + " be executed or the processor is not known to it");
        }
        return remote;
    }

    /** True where an option was given that only a server can use. */
    boolean isUsed() {
        return !headers.isEmpty() || ca != null;
    }
}
