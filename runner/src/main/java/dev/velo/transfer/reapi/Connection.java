package dev.velo.transfer.reapi;

import dev.velo.cas.UserPath;
import dev.velo.transfer.TransferException;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ChannelCredentials;
import io.grpc.ClientInterceptors;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A channel to a server, and calls of one request and one answer over it. Safe for use by many threads. */
final class Connection implements AutoCloseable {
    /** Bounds what one answer can make us hold. A batch is at most 4 MiB, and a server may cut a stream into pieces as large. */
    private static final int ANSWER_LIMIT = 8 << 20;

    private final ManagedChannel managed;
    private final Channel channel;
    private final Faults faults;
    private final Duration timeout;

    private Connection(ManagedChannel managed, Channel channel, Faults faults, Duration timeout) {
        this.managed = managed;
        this.channel = channel;
        this.faults = faults;
        this.timeout = timeout;
    }

    /** Opens no socket yet: the first call does. */
    static Connection open(GrpcAddress address, GrpcSettings settings) throws TransferException {
        Faults faults = new Faults(address, settings.timeout());
        Metadata headers = headers(settings.headers());
        ManagedChannel managed = Grpc.newChannelBuilderForAddress(
                        address.host(), address.port(), credentials(address, settings))
                .maxInboundMessageSize(ANSWER_LIMIT)
                // Ours are bounded by the user's timeout.
                .disableRetry()
                .userAgent("velo")
                .build();
        Channel channel = ClientInterceptors.intercept(managed, MetadataUtils.newAttachHeadersInterceptor(headers));
        return new Connection(managed, channel, faults, settings.timeout());
    }

    private static ChannelCredentials credentials(GrpcAddress address, GrpcSettings settings) throws TransferException {
        if (!address.tls()) {
            return InsecureChannelCredentials.create();
        }
        if (settings.ca().isEmpty()) {
            return TlsChannelCredentials.create();
        }
        UserPath file = settings.ca().get();
        try {
            byte[] pem = Files.readAllBytes(file.path());
            // Proven here: the library would find out later, in words of its own.
            if (CertificateFactory.getInstance("X.509")
                    .generateCertificates(new ByteArrayInputStream(pem))
                    .isEmpty()) {
                throw badCertificates(file, "it holds no certificate", null);
            }
            return TlsChannelCredentials.newBuilder()
                    .trustManager(new ByteArrayInputStream(pem))
                    .build();
        } catch (CertificateException e) {
            throw badCertificates(file, "it holds no certificates in PEM form", e);
        } catch (NoSuchFileException e) {
            throw badCertificates(file, "there is no such file", e);
        } catch (IOException e) {
            throw badCertificates(file, file.told(e), e);
        }
    }

    private static TransferException badCertificates(UserPath file, String reason, Exception cause) {
        return new TransferException(
                "cannot read certificates from " + file + ": " + reason,
                "name a file of certificates in PEM form with --ca",
                cause);
    }

    private static Metadata headers(Map<String, String> headers) throws TransferException {
        Metadata metadata = new Metadata();
        for (Map.Entry<String, String> header : headers.entrySet()) {
            // Metadata would take other values, and the connection would then end without a reason.
            if (!header.getKey().matches("[A-Za-z0-9_.-]+")
                    || header.getKey().toLowerCase(Locale.ROOT).endsWith("-bin")
                    || header.getKey().toLowerCase(Locale.ROOT).startsWith("grpc-")
                    || !header.getValue().matches("[\\x20-\\x7e]*")) {
                throw new TransferException(
                        "cannot send header " + header.getKey() + ": it is no header of printable ASCII characters",
                        "write --header name=value; names that end in -bin or begin with grpc- are not for users");
            }
            metadata.put(Metadata.Key.of(header.getKey(), Metadata.ASCII_STRING_MARSHALLER), header.getValue());
        }
        return metadata;
    }

    Channel channel() {
        return channel;
    }

    Faults faults() {
        return faults;
    }

    Duration timeout() {
        return timeout;
    }

    Attempts attempts() {
        return new Attempts(faults, timeout);
    }

    <Q, A> A call(MethodDescriptor<Q, A> method, Q request) throws TransferException {
        return call(method, request, code -> false, null);
    }

    /**
     * @param expected codes that stand for an answer
     * @param instead that answer
     */
    <Q, A> A call(MethodDescriptor<Q, A> method, Q request, Predicate<Status.Code> expected, A instead)
            throws TransferException {
        Attempts attempts = attempts();
        while (true) {
            try {
                CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(timeout.toMillis(), TimeUnit.MILLISECONDS);
                return ClientCalls.blockingUnaryCall(channel, method, options, request);
            } catch (StatusRuntimeException e) {
                if (expected.test(e.getStatus().getCode())) {
                    return instead;
                }
                attempts.failed(e.getStatus());
            }
        }
    }

    @Override
    public void close() {
        managed.shutdownNow();
    }
}
