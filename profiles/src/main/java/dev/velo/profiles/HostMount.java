package dev.velo.profiles;

/**
 * Something of the host that a sandbox shows.
 *
 * @param source absolute; the last component may hold {@code *}
 * @param target absolute, inside; ignored where the source holds {@code *}: then each match is shown at its own path
 * @param writable changes go to the host
 * @param optional left out without a word where the host does not have it
 * @param underManifests entries of manifests at that place win over the host's
 */
public record HostMount(String source, String target, boolean writable, boolean optional, boolean underManifests) {}
