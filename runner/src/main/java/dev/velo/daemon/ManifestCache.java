package dev.velo.daemon;

import dev.velo.cas.UserPath;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.ManifestException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Manifests that were read and proven, for as long as their files are what they were: to read one of 50,000 files takes longer than all
 * other planning. What counts is the kernel's change time, which whoever writes to a file cannot set. A file that changed a moment ago is not
 * kept, as a further change could carry the same time. Safe for use by many threads; one reads at a time, which bounds the memory.
 */
final class ManifestCache {
    private static final long SETTLED_MS = 1000;

    /** A file as the kernel tells it from all others, and from itself after a change. */
    private record Key(long device, long inode, long size, FileTime modified, FileTime changed) {
        static Key of(UserPath file) throws IOException {
            Map<String, Object> status =
                    Files.readAttributes(file.path(), "unix:dev,ino,size,lastModifiedTime,ctime,isRegularFile");
            if (!Boolean.TRUE.equals(status.get("isRegularFile"))) {
                throw new IOException("no regular file");
            }
            return new Key(
                    (Long) status.get("dev"),
                    (Long) status.get("ino"),
                    (Long) status.get("size"),
                    (FileTime) status.get("lastModifiedTime"),
                    (FileTime) status.get("ctime"));
        }
    }

    private final long budget;
    private final Clock clock;
    private final Map<Key, Manifest> manifests = new LinkedHashMap<>(16, 0.75f, true);
    private long kept;

    /** @param budget bytes of files; what is made of them takes about three times as much */
    ManifestCache(long budget, Clock clock) {
        this.budget = budget;
        this.clock = clock;
    }

    /** As {@link Manifest#open}. */
    Manifest open(UserPath file) throws ManifestException {
        Optional<Key> key = key(file);
        if (key.isEmpty() || key.get().size() > budget) {
            return Manifest.open(file);
        }
        synchronized (this) {
            Manifest known = manifests.get(key.get());
            return known != null ? known : read(file, key.get());
        }
    }

    private Manifest read(UserPath file, Key key) throws ManifestException {
        boolean settled = key.changed().toMillis() + SETTLED_MS <= clock.millis();
        Manifest manifest = Manifest.open(file);
        if (settled && key(file).equals(Optional.of(key))) {
            manifests.put(key, manifest);
            kept += key.size();
            shrink();
        }
        return manifest;
    }

    /** The one that was not used for longest goes first. */
    private void shrink() {
        var oldest = manifests.keySet().iterator();
        while (kept > budget) {
            kept -= oldest.next().size();
            oldest.remove();
        }
    }

    /** Empty where there is none: whoever opens it says why. */
    private static Optional<Key> key(UserPath file) {
        try {
            return Optional.of(Key.of(file));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Each is read again the next time. */
    synchronized void forget() {
        manifests.clear();
        kept = 0;
    }

    synchronized int size() {
        return manifests.size();
    }
}
