package dev.velo.transfer.reapi;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Optional;

/**
 * A server and an instance of it.
 *
 * @param text as the user wrote it
 * @param host a name or an address; IPv6 in brackets
 * @param instance empty for the server's only one; may hold slashes
 */
public record GrpcAddress(String text, String host, int port, String instance, boolean tls) {
    private static final int TLS_PORT = 443;

    /** Reads {@code grpc://HOST:PORT[/INSTANCE]} and {@code grpcs://HOST[:PORT][/INSTANCE]}; empty where the text is neither. */
    public static Optional<GrpcAddress> parse(String text) {
        try {
            URI uri = new URI(text);
            boolean tls = "grpcs".equals(uri.getScheme());
            if (!tls && !"grpc".equals(uri.getScheme())
                    || uri.getHost() == null
                    || uri.getUserInfo() != null
                    || uri.getQuery() != null
                    || uri.getFragment() != null) {
                return Optional.empty();
            }
            int port = uri.getPort() == -1 && tls ? TLS_PORT : uri.getPort();
            if (port < 1 || port > 65535) {
                return Optional.empty();
            }
            String path = uri.getPath() == null ? "" : uri.getPath();
            String instance = path.replaceAll("^/+|/+$", "");
            return Optional.of(new GrpcAddress(text, uri.getHost(), port, instance, tls));
        } catch (URISyntaxException e) {
            return Optional.empty();
        }
    }
}
