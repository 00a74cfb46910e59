package dev.velo.transfer.reapi;

import dev.velo.cas.UserPath;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/**
 * How to speak with a server.
 *
 * @param headers sent with every request
 * @param ca certificates to trust, in PEM, instead of those that Java trusts
 * @param timeout how long nothing may move
 */
public record GrpcSettings(Map<String, String> headers, Optional<UserPath> ca, Duration timeout) {}
