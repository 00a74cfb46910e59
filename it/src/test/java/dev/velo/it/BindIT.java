package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Host files and directories that the user shows to a payload. */
class BindIT {
    @RegisterExtension
    static final Workspace work = new Workspace();

    private Command bound(String script, String... binds) {
        List<String> options = new ArrayList<>(List.of("--base", work.base().toString()));
        for (String bind : binds) {
            options.addAll(List.of("--bind", bind));
        }
        return work.isolated(options, "/bin/sh", "-c", script);
    }

    /** A directory that the sandbox's identity may use, whoever runs this; what lies above it need not be open to it. */
    private static Path open(Path directory) {
        work.sh(directory, "chmod 777 .");
        return directory;
    }

    @Test
    void isReadOnlyUnlessItSaysOtherwise() {
        Path host = open(work.tree("echo host >file"));
        bound("cat /data/file; echo x >/data/new", host + ":/data").run().exits(1);
        assertThat(host.resolve("new")).doesNotExist();
        bound("cat /data/file; echo x >/data/new", host + ":/data:rw").run().prints("host\n");
        assertThat(host.resolve("new")).hasContent("x\n");
        bound("cat /single", host.resolve("file") + ":/single").run().prints("host\n");
    }

    @Test
    void ontoOtherMountsAndBelowOtherBinds() {
        Path outer = open(work.tree("echo outer >o"));
        Path inner = open(work.tree("echo inner >i"));
        bound("cat /tmp/a/b/i; touch /tmp/free; cat /dev/shm/i", inner + ":/tmp/a/b", inner + "/i:/dev/shm/i")
                .run()
                .prints("inner\ninner\n");
        bound("cat /w/o /w/sub/i", outer + ":/w:rw", inner + ":/w/sub").run().prints("outer\ninner\n");
        assertThat(outer.resolve("sub")).isEmptyDirectory();
        bound("cat /w/sub/i", outer + ":/w", inner + ":/w/sub").run().prints("inner\n");
        bound("true", outer + ":/w", inner + ":/w/none").run().refuses(125, "/w/none", "mount point");
    }

    @Test
    void aLinkOfTheImageIsFollowedAsItWouldBeInside() {
        Path host = open(work.tree("echo host >file"));
        Path app = work.ingest(work.tree("mkdir run var; ln -s ../run var/run; ln -s loop loop; ln -s /proc/self up"));
        List<String> options = List.of(
                "--base",
                work.base().toString(),
                "--manifest",
                app.toString(),
                "--bind",
                host.resolve("file") + ":/var/run/socket");
        work.isolated(options, "/bin/sh", "-c", "cat /run/socket /var/run/socket; readlink /var/run")
                .run()
                .prints("host\nhost\n../run\n");
        for (String target : List.of("/loop/x", "/up/x")) {
            work.isolated(List.of("--manifest", app.toString(), "--bind", host + ":" + target), "/bin/true")
                    .run()
                    .refuses(125, target);
        }
    }

    /** The same store under another path: through a bind mount of it, above it and below it. */
    @Test
    void theStoreIsNotShownThroughAnotherMountEither() {
        Host.needsRoot("makes bind mounts");
        Path place = work.dir("place");
        String script = """
                base=$1; store=$2; place=$3
                mkdir "$place/alias" "$place/inner" "$place/inner/deep" "$place/other" "$place/target"
                mount --bind "$(dirname "$store")" "$place/alias"; mount --bind "$store/cas" "$place/inner/deep"; mount --bind "$place/target" "$place/other"
                for source in alias alias/store alias/store/cas inner inner/deep/sha256 other; do
                  "$velo" run --isolate --base "$base" --bind "$place/$source:/data" -- /bin/true 2>/dev/null && status=0 || status=$?
                  echo "$source $status"
                done
                """;
        assertThat(work.mounting(script, work.base(), work.store(), place)
                        .run()
                        .succeeds()
                        .out())
                .isEqualTo(
                        "alias 125\nalias/store 125\nalias/store/cas 125\ninner 125\ninner/deep/sha256 125\nother 0\n");
    }

    @Test
    void theStoreIsNeverShown() throws Exception {
        Path manifest = work.base();
        Path link = work.dir("link").resolve("link");
        Files.createSymbolicLink(link, work.store());
        for (Path source :
                List.of(work.store(), work.store().resolve("cas"), work.store().getParent(), link, Path.of("/"))) {
            for (String mode : List.of("ro", "rw")) {
                bound("true", source + ":/data:" + mode).run().refuses(125, "store");
            }
        }
        assertThat(manifest).exists();
        Path profile = work.dir("profile").resolve("p.yaml");
        Files.writeString(profile, "mounts:\n  - {host: \"" + work.store().resolve("cas") + "\", at: /data}\n");
        work.isolated(List.of("--profile", profile.toString(), "--manifest", manifest.toString()), "/bin/true")
                .run()
                .refuses(125, "store");
    }
}
