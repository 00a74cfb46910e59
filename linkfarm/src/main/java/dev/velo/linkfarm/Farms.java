package dev.velo.linkfarm;

import dev.velo.cas.Digest;
import dev.velo.cas.store.Store;
import dev.velo.cas.store.StoreContents;
import dev.velo.cas.store.StoreException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The farms that a store has, complete or not. */
public final class Farms {
    private final Store store;
    private final FarmMarker marker;

    public Farms(Store store) {
        this.store = store;
        this.marker = new FarmMarker(store, store.files());
    }

    /** In ascending order of name. Reads names, markers and indexes; a farm only where it has no index. */
    public List<FarmStatus> list() throws StoreException {
        try {
            List<FarmStatus> farms = new ArrayList<>();
            FarmUse use = new FarmUse(store);
            for (String name :
                    new StoreContents(store).farms().stream().sorted().toList()) {
                Optional<FarmMarker.Built> built = marker.read(name);
                farms.add(new FarmStatus(
                        name,
                        manifestOf(name),
                        placementOf(name),
                        built.map(FarmMarker.Built::entries).orElse(0L),
                        bytes(name),
                        use.last(name),
                        marker.isCurrent(name)));
            }
            return farms;
        } catch (IOException e) {
            throw StoreException.of("cannot read the farms of store " + store.path(), e);
        }
    }

    private long bytes(String name) throws IOException {
        Optional<FarmIndex> index = FarmIndex.readHead(store.files(), store.root(), FarmMarker.path(name));
        return index.isPresent() ? index.get().bytes() : new FarmSize(store).of(FarmMarker.treeOf(name));
    }

    private static Optional<Digest> manifestOf(String name) {
        String hex = name.substring(0, Math.max(0, name.indexOf('-')));
        return Digest.isHex(hex) ? Optional.of(Digest.fromHex(hex)) : Optional.empty();
    }

    private static Optional<Placement> placementOf(String name) {
        return Placement.of(name.substring(name.indexOf('-') + 1));
    }
}
