package dev.velo.namespaces;

/**
 * The one user id and the one group id that a sandbox maps.
 *
 * @param insideUid what the payload sees
 * @param outsideUid what it is on the host, never 0
 */
public record Identity(int insideUid, int insideGid, int outsideUid, int outsideGid) {
    public Identity {
        if (outsideUid == 0) {
            throw new IllegalArgumentException("a payload must not be root of the host");
        }
    }
}
