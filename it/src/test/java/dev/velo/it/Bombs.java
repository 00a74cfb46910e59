package dev.velo.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.Gson;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** The programs of bombs.c in a manifest, runs of them with their records, and what runs may leave behind. */
final class Bombs {
    private static final Path SOURCE = Workspace.REPOSITORY.resolve("it/target/test-classes/bombs.c");
    private static final Path GROUPS = Path.of("/sys/fs/cgroup");

    private final Workspace work;
    private Path tree;
    private Path manifest;

    Bombs(Workspace work) {
        this.work = work;
    }

    /** How a run ended, and what its record says. */
    record Ended(Outcome outcome, JsonObject record) {
        Ended exits(int status) {
            outcome.exits(status);
            assertThat(record.get("exit").getAsInt()).as(toString()).isEqualTo(status);
            return this;
        }

        Ended by(String cause) {
            assertThat(record.get("cause").getAsString()).as(toString()).isEqualTo(cause);
            return this;
        }

        Ended hits(String limit) {
            assertThat(limit(limit).get("hit").getAsBoolean()).as(toString()).isTrue();
            return this;
        }

        Ended misses(String limit) {
            assertThat(limit(limit).get("hit").getAsBoolean()).as(toString()).isFalse();
            return this;
        }

        JsonObject limit(String name) {
            return record.getAsJsonObject("limits").getAsJsonObject(name);
        }

        long number(String object, String name) {
            return record.getAsJsonObject(object).get(name).getAsLong();
        }
    }

    private synchronized void build() {
        // A workspace that classes share is made anew for each.
        if (manifest == null || !Files.exists(manifest)) {
            Host.needsTool("gcc");
            tree = work.dir("bombs");
            work.sh(tree, "gcc -std=c11 -D_GNU_SOURCE -Wall -Werror -static -O1 -pthread -o bombs \"$1\"", SOURCE);
            work.sh(tree, "chmod 755 . bombs");
            manifest = work.ingest(tree);
        }
    }

    /** Outside, for what must be compared with it. */
    Path program() {
        build();
        return tree.resolve("bombs");
    }

    Path manifest() {
        build();
        return manifest;
    }

    /** Options that put the bombs on top of busybox, and these. */
    List<String> options(String... more) {
        List<String> options = new ArrayList<>(List.of(
                "--base", work.base().toString(), "--manifest", manifest().toString()));
        options.addAll(List.of(more));
        return options;
    }

    Ended run(List<String> options, String... command) {
        Path result = work.dir("result").resolve("record.json");
        List<String> all = options("--result", result.toString());
        all.addAll(options);
        Outcome outcome = work.isolated(all, command).run();
        return new Ended(outcome, record(result));
    }

    Ended ungrouped(List<String> options, String script) {
        Path result = work.dir("result").resolve("record.json");
        List<String> all = options("--result", result.toString());
        all.addAll(options);
        Outcome outcome = work.command(withoutGroups(work.isolated(all, "/bin/sh", "-c", script)))
                .run();
        return new Ended(outcome, record(result));
    }

    Ended shell(List<String> options, String script) {
        return run(options, "/bin/sh", "-c", script);
    }

    /** One JSON object and nothing behind it, by the letter of RFC 8259. */
    static JsonObject record(Path file) {
        try {
            return parse(Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonObject parse(String text) throws IOException {
        try (JsonReader reader = new JsonReader(new StringReader(text))) {
            reader.setStrictness(Strictness.STRICT);
            JsonElement value = new Gson().getAdapter(JsonElement.class).read(reader);
            assertThat(reader.peek()).as(text).isEqualTo(JsonToken.END_DOCUMENT);
            return value.getAsJsonObject();
        }
    }

    /** A test that needs a control group is skipped where velo says that it cannot have one, but not for root on a host with version 1. */
    void needsGroup() {
        Ended probe = run(List.of("--memory", "64M"), "/bin/true");
        if (probe.outcome().exit() != 125) {
            return;
        }
        assertThat(Host.isRoot() && Files.isDirectory(GROUPS.resolve("memory")))
                .as("root can have a control group: %s", probe)
                .isFalse();
        Assumptions.abort("needs a control group: "
                + probe.record().getAsJsonObject("failure").get("reason").getAsString());
    }

    /** The same where no control group can be had, whoever asks: in a mount namespace that hides them. */
    List<String> withoutGroups(Command command) {
        List<String> argv = new ArrayList<>();
        if (Host.isRoot()) {
            Host.needsTool("unshare");
            argv.addAll(List.of(
                    "unshare",
                    "-m",
                    "sh",
                    "-c",
                    "mount -t tmpfs none /sys/fs/cgroup && exec \"$@\"",
                    "without-groups"));
        }
        argv.addAll(command.argv());
        return argv;
    }

    /** The groups of runs. Those that another process makes at the same time go soon. */
    static Set<String> groups() {
        Set<String> found = new TreeSet<>();
        try (Stream<Path> all = Files.walk(GROUPS)) {
            for (var at = all.iterator(); at.hasNext(); ) {
                Path path = at.next();
                if (path.getFileName().toString().startsWith("velo-")) {
                    found.add(path.toString());
                }
            }
        } catch (IOException | UncheckedIOException e) {
            // One went while it was looked at.
            return groups();
        }
        return found;
    }

    /** Waits until no group is there that was not there before. */
    static void noneBeside(Set<String> before) {
        Set<String> now = groups();
        for (int i = 0; i < 100 && !before.containsAll(now); i++) {
            Command.pause(50);
            now = groups();
        }
        assertThat(before).as("control groups that stay").containsAll(now);
    }

    /** Processes with this in their command line. */
    static List<String> processes(String mark) {
        List<String> found = new ArrayList<>();
        try (Stream<Path> all = Files.list(Path.of("/proc"))) {
            for (Path process : (Iterable<Path>) all::iterator) {
                if (process.getFileName().toString().matches("[0-9]+")) {
                    String line = commandLine(process);
                    if (line.contains(mark)) {
                        found.add(process + " " + line.replace('\0', ' '));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return found;
    }

    private static String commandLine(Path process) {
        try {
            return new String(
                    Files.readAllBytes(process.resolve("cmdline")), java.nio.charset.StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }

    /** At once: no waiting. */
    static void nobodyHas(String mark) {
        assertThat(processes(mark)).as("processes that live on").isEmpty();
    }
}
