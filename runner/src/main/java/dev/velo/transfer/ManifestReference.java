package dev.velo.transfer;

import dev.velo.cas.Digest;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * How a user names a manifest that is elsewhere: {@code HEX/SIZE}, as a push prints it, or {@code HEX} where the size can be found out.
 *
 * @param size of the manifest in bytes, where given
 */
public record ManifestReference(Digest digest, OptionalLong size) {
    /** Empty where the text is no reference. */
    public static Optional<ManifestReference> parse(String text) {
        int slash = text.indexOf('/');
        String hex = slash < 0 ? text : text.substring(0, slash);
        if (!Digest.isHex(hex)) {
            return Optional.empty();
        }
        if (slash < 0) {
            return Optional.of(new ManifestReference(Digest.fromHex(hex), OptionalLong.empty()));
        }
        String number = text.substring(slash + 1);
        if (!number.matches("[0-9]{1,18}")) {
            return Optional.empty();
        }
        return Optional.of(new ManifestReference(Digest.fromHex(hex), OptionalLong.of(Long.parseLong(number))));
    }
}
