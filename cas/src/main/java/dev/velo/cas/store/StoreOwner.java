package dev.velo.cas.store;

import dev.velo.cas.posix.FileOps;
import dev.velo.cas.posix.OwningFileOps;

/**
 * The host ids that own everything in a store, and to which a sandbox maps its own root.
 *
 * @param uid never 0: limits and permissions do not bind a payload that is root on the host
 */
public record StoreOwner(int uid, int gid) {
    /**
     * The owner of a store that root creates: outside the ranges that distributions hand out to accounts, dynamic users and
     * containers (systemd's UIDS-GIDS page lists 65520 to 65533 as unused).
     */
    static final StoreOwner SERVICE = new StoreOwner(65520, 65520);

    /** The owner of a store that the caller would make now. */
    public static StoreOwner ofNewStores() {
        return forNewStore(FileOps.system());
    }

    static StoreOwner forNewStore(FileOps files) {
        return files.effectiveUid() == 0 ? SERVICE : new StoreOwner(files.effectiveUid(), files.effectiveGid());
    }

    /** Operations that give what they make to this owner. */
    FileOps giving(FileOps system) {
        return system.effectiveUid() == 0 ? new OwningFileOps(system, uid, gid) : system;
    }
}
