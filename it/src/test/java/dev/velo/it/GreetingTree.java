package dev.velo.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** A small tree, shown to programs at /vrift without a sandbox: what is in it, no host has there. For all tests of a class. */
final class GreetingTree implements BeforeAllCallback, AfterAllCallback {
    private final Workspace work = new Workspace();
    private Path app;

    @Override
    public void beforeAll(ExtensionContext context) throws IOException {
        work.beforeAll(context);
        app = null;
    }

    @Override
    public void afterAll(ExtensionContext context) throws Exception {
        work.afterAll(context);
    }

    Workspace work() {
        return work;
    }

    synchronized Path app() {
        if (app == null) {
            app = work.ingest(work.tree("""
                    echo hello >hello.txt; echo data >data; mkdir -p dir/sub bin; echo deep >dir/sub/deep
                    printf '#!/bin/sh\\necho "greeted $*"\\n' >bin/greet; chmod 755 bin/greet; ln -s hello.txt link
                    printf '\\177ELFbroken' >broken; chmod 755 broken
                    printf '#!/no/such/interpreter\\n' >orphan; chmod 755 orphan
                    """));
        }
        return app;
    }

    Command run(List<String> options, String... command) {
        List<String> arguments = new ArrayList<>(List.of("run", "--manifest", app().toString()));
        arguments.addAll(options);
        arguments.add("--");
        arguments.addAll(List.of(command));
        return work.velo(arguments.toArray(String[]::new));
    }

    Command run(String... command) {
        return run(List.of(), command);
    }

    /** A resident process that took files in while the program ran has a lease for as long as the file system is written back. */
    void nothingIsLeft() {
        Daemon.until("nothing is left in " + work.store().resolve("leases"), () -> {
            try (Stream<Path> leases = Files.list(work.store().resolve("leases"))) {
                return leases.findAny().isEmpty();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }
}
