package dev.velo.cli;

import dev.velo.cas.TreePath;
import dev.velo.cas.VeloException;
import dev.velo.cas.manifest.DirectoryNode;
import dev.velo.cas.manifest.Entry;
import dev.velo.cas.manifest.EntryType;
import dev.velo.cas.manifest.FileNode;
import dev.velo.cas.manifest.Manifest;
import dev.velo.cas.manifest.SymlinkNode;
import dev.velo.cas.posix.ErrnoException;
import dev.velo.cas.posix.Timestamp;
import dev.velo.runner.Caller;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** A manifest for people. */
@Command(name = "inspect", mixinStandardHelpOptions = true, description = "Shows a manifest, or a path in it.")
final class InspectCommand implements Callable<Integer> {
    private final Caller caller;

    @Spec
    private CommandSpec spec;

    @Parameters(index = "0", paramLabel = "M", description = "The manifest.")
    private Path file;

    @Parameters(index = "1", arity = "0..1", paramLabel = "PATH", description = "A path in it; a directory is listed.")
    private String path;

    @Option(names = "--json", description = "Print one JSON object.")
    private boolean json;

    InspectCommand(Caller caller) {
        this.caller = caller;
    }

    @Override
    public Integer call() throws VeloException {
        Manifest manifest = Manifest.open(caller.path(file));
        PrintWriter out = spec.commandLine().getOut();
        if (path == null) {
            whole(manifest, out);
            return 0;
        }
        Entry entry = find(manifest, file, path);
        List<Entry> entries = new ArrayList<>();
        entries.add(entry);
        entries.addAll(manifest.children(entry));
        if (json) {
            Map<String, Object> values = values(entry);
            values.put(
                    "children",
                    manifest.children(entry).stream()
                            .map(InspectCommand::values)
                            .toList());
            Output.json(out, values);
        } else {
            entries.forEach(each -> out.println(line(each)));
            if (entry.node() instanceof FileNode node) {
                out.println("sha256 " + node.digest());
            }
            out.flush();
        }
        return 0;
    }

    static Entry find(Manifest manifest, Path file, String path) throws VeloException {
        try {
            return manifest.find(TreePath.parse(path))
                    .orElseThrow(() -> new VeloException(
                            "cannot find " + path + " in " + file + ": the manifest has no such path",
                            "see velo inspect " + file));
        } catch (IllegalArgumentException e) {
            throw new VeloException(
                    "cannot find " + path + " in " + file + ": " + e.getMessage(), "see velo inspect " + file, e);
        }
    }

    private void whole(Manifest manifest, PrintWriter out) {
        if (json) {
            Map<String, Object> values = new LinkedHashMap<>();
            values.put("digest", manifest.digest().toHex());
            values.put("tree", manifest.treeDigest().toHex());
            values.put("files", manifest.count(EntryType.FILE));
            values.put("directories", manifest.count(EntryType.DIRECTORY));
            values.put("symlinks", manifest.count(EntryType.SYMLINK));
            values.put("whiteouts", manifest.count(EntryType.WHITEOUT));
            values.put("bytes", manifest.contentBytes());
            values.put("unique_files", manifest.contents().size());
            List<Map<String, Object>> entries = new ArrayList<>();
            for (int i = 0; i < manifest.entryCount(); i++) {
                entries.add(values(manifest.entry(i)));
            }
            values.put("entries", entries);
            Output.json(out, values);
            return;
        }
        out.println("manifest   " + manifest.digest());
        out.println("tree       " + manifest.treeDigest());
        out.println("entries    " + manifest.count(EntryType.FILE) + " files, " + manifest.count(EntryType.DIRECTORY)
                + " directories, " + manifest.count(EntryType.SYMLINK) + " symbolic links");
        out.println("bytes      " + manifest.contentBytes() + " (" + Output.size(manifest.contentBytes()) + ")");
        for (int i = 0; i < manifest.entryCount() && !out.checkError(); i++) {
            out.println(line(manifest.entry(i)));
        }
        out.flush();
    }

    private static String line(Entry entry) {
        if (entry.node() instanceof FileNode node) {
            return row("file", Output.mode(node.mode()), node.size(), node.modified(), entry.path() + "");
        }
        if (entry.node() instanceof DirectoryNode node) {
            return row("dir", Output.mode(node.mode()), 0, node.modified(), entry.path() + "");
        }
        if (entry.node() instanceof SymlinkNode node) {
            return row(
                    "link",
                    "-",
                    node.target().length,
                    node.modified(),
                    entry.path() + " -> " + ErrnoException.printable(node.target()));
        }
        return row("gone", "-", 0, new Timestamp(0, 0), entry.path() + "");
    }

    private static String row(String type, String mode, long size, Timestamp time, String path) {
        return String.format(Locale.ROOT, "%-5s %-5s %12d  %s  %s", type, mode, size, text(time), path);
    }

    private static String text(Timestamp time) {
        try {
            return Instant.ofEpochSecond(time.seconds(), time.nanos()).toString();
        } catch (DateTimeException e) {
            return time.seconds() + "." + time.nanos();
        }
    }

    private static Map<String, Object> values(Entry entry) {
        Map<String, Object> values = new LinkedHashMap<>();
        values.put("path", entry.path().toString());
        values.put("type", entry.type().name().toLowerCase(Locale.ROOT));
        if (entry.node() instanceof FileNode node) {
            values.put("mode", Output.mode(node.mode()));
            values.put("size", node.size());
            values.put("modified", text(node.modified()));
            values.put("digest", node.digest().toHex());
        } else if (entry.node() instanceof DirectoryNode node) {
            values.put("mode", Output.mode(node.mode()));
            values.put("modified", text(node.modified()));
        } else if (entry.node() instanceof SymlinkNode node) {
            values.put("target", ErrnoException.printable(node.target()));
            values.put("modified", text(node.modified()));
        }
        return values;
    }
}
