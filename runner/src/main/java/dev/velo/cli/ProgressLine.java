package dev.velo.cli;

import dev.velo.cas.Progress;
import dev.velo.runner.Caller;
import java.io.PrintStream;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.InteractiveConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarConsumer;
import me.tongfei.progressbar.ProgressBarStyle;

/** A progress bar on standard error, on a terminal only: files done of those found, files and bytes a second. */
final class ProgressLine {
    private final ProgressBar bar;
    private final ScheduledExecutorService clock;

    private ProgressLine(ProgressBar bar, ScheduledExecutorService clock) {
        this.bar = bar;
        this.clock = clock;
    }

    static ProgressLine start(String task, Progress progress, Caller caller) {
        if (!caller.streams().errIsTerminal()) {
            return new ProgressLine(null, null);
        }
        long start = System.nanoTime();
        ProgressBar bar = new ProgressBarBuilder()
                .setTaskName(task)
                .setConsumer(consumer(caller))
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

    /** The library's own choice would be made for the terminal of this process. */
    private static ProgressBarConsumer consumer(Caller caller) {
        boolean plain = caller.environment()
                .text("TERM")
                .filter(type -> !type.isEmpty() && !type.equals("dumb"))
                .isEmpty();
        PrintStream err = caller.streams().err();
        return plain ? new ConsoleProgressBarConsumer(err) : new InteractiveConsoleProgressBarConsumer(err);
    }

    /** Takes the bar off the terminal. */
    void close() {
        if (bar != null) {
            clock.shutdownNow();
            bar.close();
        }
    }
}
