package dev.velo.cas.ingest;

import dev.velo.cas.FileName;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.TreeNode;
import dev.velo.cas.posix.FileStatus;
import java.util.ArrayList;
import java.util.List;

/** A directory while its files are still being read. The walk adds children, workers fill in files; built when both are done. */
final class PendingDirectory {
    /** A child whose node comes later; filled by one thread, read by another after the workers have ended. */
    static final class Slot {
        private final FileName name;
        private TreeNode node;
        private PendingDirectory directory;

        Slot(FileName name) {
            this.name = name;
        }

        void fill(TreeNode value) {
            node = value;
        }
    }

    private final FileStatus status;
    private final List<Slot> slots = new ArrayList<>();
    private DirectoryNode built;

    PendingDirectory(FileStatus status) {
        this.status = status;
    }

    Slot slot(FileName name) {
        Slot slot = new Slot(name);
        slots.add(slot);
        return slot;
    }

    void add(FileName name, PendingDirectory directory) {
        slot(name).directory = directory;
    }

    /** Call it for the directories in the order in which the walk left them: children first. Slots that nobody filled are faults. */
    DirectoryNode build() {
        List<DirectoryNode.Child> children = new ArrayList<>(slots.size());
        for (Slot slot : slots) {
            TreeNode node = slot.directory == null ? slot.node : slot.directory.built;
            if (node != null) {
                children.add(new DirectoryNode.Child(slot.name, node));
            }
        }
        children.sort(null);
        built = new DirectoryNode(status.permissions(), status.modified(), false, children);
        return built;
    }
}
