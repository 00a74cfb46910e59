package dev.velo.cas.store;

import java.util.regex.Pattern;

/** The name of a tenant, which is the name of a directory: nothing in it can lead anywhere else, and no two differ only in case. */
public record TenantName(String text) {
    private static final Pattern FORM = Pattern.compile("[a-z0-9][a-z0-9_-]{0,62}");

    public TenantName {
        if (!FORM.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "'" + text
                            + "' is no tenant's name: 1 to 63 lower-case letters, digits, - and _, the first a letter or digit");
        }
    }

    @Override
    public String toString() {
        return text;
    }
}
