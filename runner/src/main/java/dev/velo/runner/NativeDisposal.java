package dev.velo.runner;

import dev.velo.cas.store.Disposal;
import dev.velo.cas.store.Store;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Has the launcher delete what is in a store's trash: on several threads, and, where nobody needs to wait for it, when this process has ended. */
public final class NativeDisposal implements Disposal {
    private final Path launcher;

    public NativeDisposal(Installation installation) {
        this.launcher = installation.launcher();
    }

    @Override
    public boolean empty(Path trash) {
        return run("--empty", trash);
    }

    /** Starts it where there is something to delete. What cannot be deleted now is there at the next start as well. */
    public void later(Store store) {
        try {
            if (!store.trashIsEmpty()) {
                run("--empty-later", store.trash());
            }
        } catch (IOException e) {
            // Whoever works with the store will find out, and say so.
            return;
        }
    }

    private boolean run(String mode, Path trash) {
        try {
            Process process = new ProcessBuilder(List.of(launcher.toString(), mode, trash.toString()))
                    .redirectInput(Path.of("/dev/null").toFile())
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            return process.waitFor() == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
