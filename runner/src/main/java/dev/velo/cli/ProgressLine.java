package dev.velo.cli;

import dev.velo.cas.Progress;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on standard error, on a terminal only: files done of those found, files and bytes a second. */
final class ProgressLine {
    private final ProgressBar bar;
    private final ScheduledExecutorService clock;

    private ProgressLine(ProgressBar bar, ScheduledExecutorService clock) {
        this.bar = bar;
        this.clock = clock;
    }

    static ProgressLine start(String task, Progress progress) {
        if (!Boolean.getBoolean("velo.terminal")) {
            return new ProgressLine(null, null);
        }
        long start = System.nanoTime();
        ProgressBar bar = new ProgressBarBuilder()
                .setTaskName(task)
                .setInitialMax(0)
                .setStyle(ProgressBarStyle.ASCII)
                .setUnit(" files", 1)
                .showSpeed()
                .clearDisplayOnFinish()
                .build();
        ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor(work -> {
            Thread thread = new Thread(work, "velo-progress");
            thread.setDaemon(true);
            return thread;
        });
        clock.scheduleAtFixedRate(
                () -> {
                    double seconds = Math.max(1e-3, (System.nanoTime() - start) / 1e9);
                    bar.maxHint(progress.found());
                    bar.stepTo(progress.files());
                    bar.setExtraMessage(" " + Output.size(progress.bytes()) + ", "
                            + Output.size((long) (progress.bytes() / seconds)) + "/s");
                },
                200,
                200,
                TimeUnit.MILLISECONDS);
        return new ProgressLine(bar, clock);
    }

    /** Takes the bar off the terminal. */
    void close() {
        if (bar != null) {
            clock.shutdownNow();
            bar.close();
        }
    }
}
