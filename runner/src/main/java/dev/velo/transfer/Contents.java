package dev.velo.transfer;

import dev.velo.cas.Digest;
import dev.velo.cas.manifest.Manifest;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** What a manifest needs, as blobs, with the paths to name them by. The empty content needs no transfer: everybody has it. */
final class Contents {
    private static final int NAMED = 10;

    private final Map<Blob, Manifest.Content> contents = new LinkedHashMap<>();

    Contents(Manifest manifest) {
        for (Manifest.Content content : manifest.contents()) {
            if (!content.digest().equals(Digest.EMPTY)) {
                contents.put(new Blob(content.digest(), content.size()), content);
            }
        }
    }

    List<Blob> blobs() {
        return List.copyOf(contents.keySet());
    }

    long bytes() {
        return contents.keySet().stream().mapToLong(Blob::size).sum();
    }

    /** The first ten of these blobs by path and digest, and how many more there are. */
    String name(Collection<Blob> some) {
        String named = some.stream()
                .limit(NAMED)
                .map(blob -> contents.get(blob).firstPath() + " (" + blob.digest() + ")")
                .collect(Collectors.joining(", "));
        return some.size() > NAMED ? named + " and " + (some.size() - NAMED) + " more" : named;
    }
}
