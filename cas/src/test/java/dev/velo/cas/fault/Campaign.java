package dev.velo.cas.fault;

import dev.velo.cas.VeloException;
import dev.velo.cas.posix.FileOps;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Drives a {@link Scenario} through each call of its operation and each way in which that call can go wrong. After each fault: the
 * checks; then the operation once more, undisturbed, and the checks again.
 *
 * <p>{@code -Dvelo.fault.all=true} covers every point where by default a seeded sample of them is taken; {@code -Dvelo.fault.only=KIND:n}
 * runs one.
 */
public final class Campaign {
    private static final boolean ALL = Boolean.getBoolean("velo.fault.all");
    private static final String ONLY = System.getProperty("velo.fault.only", "");
    private static final int SHOWN = Integer.getInteger("velo.fault.shown", 10);
    static final long SEED = Long.getLong("velo.fault.seed", 20260101L);

    private record Point(Fault fault, int call) {}

    private final String name;
    private final Scenario scenario;
    private final int limit;

    /** @param limit how many points are run by default */
    public Campaign(String name, Scenario scenario, int limit) {
        this.name = name;
        this.scenario = scenario;
        this.limit = limit;
    }

    public void run(Fault... faults) throws Exception {
        long start = System.nanoTime();
        List<String> calls = undisturbed();
        List<Point> points = new ArrayList<>();
        for (int call = 1; call <= calls.size(); call++) {
            for (Fault fault : faults) {
                if (fault.concerns(calls.get(call - 1)) && (ONLY.isEmpty() || ONLY.equals(fault + ":" + call))) {
                    points.add(new Point(fault, call));
                }
            }
        }
        int all = points.size();
        if (!ALL && points.size() > limit) {
            Collections.shuffle(points, new Random(SEED));
            points = points.subList(0, limit);
        }
        Map<Fault, Integer> run = new EnumMap<>(Fault.class);
        List<String> broken = new ArrayList<>();
        for (Point point : points) {
            String verdict = disturbed(point);
            if (!verdict.isEmpty()) {
                broken.add(verdict);
            }
            run.merge(point.fault(), 1, Integer::sum);
        }
        System.out.println(name + ": " + calls.size() + " calls, " + points.size() + " of " + all + " fault points "
                + run + (points.size() < all ? " (sample, seed " + SEED + ")" : "") + ", "
                + (System.nanoTime() - start) / 1_000_000 + " ms");
        if (!broken.isEmpty()) {
            throw new AssertionError(name + ": " + broken.size() + " of " + points.size() + " fault points break it:\n"
                    + String.join("\n", broken.subList(0, Math.min(SHOWN, broken.size()))));
        }
    }

    private List<String> undisturbed() throws Exception {
        Path directory = Scratch.make();
        try {
            scenario.prepare(directory);
            FaultyFileOps files = FaultyFileOps.sound();
            scenario.act(directory, files.ops());
            if (!files.open().isEmpty()) {
                throw new AssertionError(name + " leaves descriptors open: " + files.open());
            }
            scenario.check(directory, true);
            return files.calls();
        } finally {
            Scratch.remove(directory);
        }
    }

    /** Empty, or what is wrong. */
    private String disturbed(Point point) throws Exception {
        Path directory = Scratch.make();
        FaultyFileOps files = new FaultyFileOps(point.fault(), point.call());
        try {
            scenario.prepare(directory);
            boolean done = attempt(point, directory, files);
            List<Integer> leaked = new ArrayList<>(files.open());
            files.die();
            scenario.check(directory, done);
            if (point.fault() != Fault.CRASH && !leaked.isEmpty()) {
                return point + " " + files.hit() + ": leaves descriptors open";
            }
            scenario.act(directory, FileOps.system());
            scenario.check(directory, true);
            return "";
        } catch (Exception | AssertionError e) {
            StringBuilder where = new StringBuilder();
            for (StackTraceElement frame : e.getStackTrace()) {
                if (frame.getClassName().startsWith("dev.velo") && where.length() < 300) {
                    where.append(" < ").append(frame.getFileName()).append(':').append(frame.getLineNumber());
                }
            }
            return point + " " + files.hit() + ": " + e + where;
        } finally {
            Scratch.remove(directory);
        }
    }

    /** True where the operation says that it is done. Anything but an error of the two known kinds or a crash is a bug. */
    private boolean attempt(Point point, Path directory, FaultyFileOps files) throws Exception {
        if (point.fault() == Fault.HALT) {
            throw new IllegalArgumentException("only in a child process");
        }
        try {
            scenario.act(directory, files.ops());
            return true;
        } catch (VeloException | IOException e) {
            return false;
        } catch (Crash e) {
            return false;
        }
    }

    static boolean isEmpty(Path directory) throws IOException {
        try (var entries = Files.list(directory)) {
            return entries.findAny().isEmpty();
        }
    }
}
