package dev.velo.it;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Launch plans that Java has made, kept instead of being launched. Each is good once. Run by root, an ordinary user can be asked to make them. */
final class CaughtPlans {
    private static final String USER = "54321";

    private final Workspace work;
    private final Path catcher;
    private final boolean ordinary;

    private CaughtPlans(Workspace work, boolean ordinary) {
        this.work = work;
        this.ordinary = ordinary && Host.isRoot();
        catcher = work.dir("catcher");
        work.sh(catcher, """
                cp -r "$1/." .; mv libexec/velo-launch real
                cat >libexec/velo-launch <<END
                #!/bin/sh
                [ \\$# -eq 0 ] || exec $PWD/real "\\$@"
                cat <&3 >$PWD/plan
                END
                chmod 755 libexec/velo-launch
                """, Workspace.HOME);
        work.base();
        if (this.ordinary) {
            Host.needsTool("setpriv");
            work.sh(catcher, "chown -R $1:$1 ..", USER);
        }
    }

    static CaughtPlans of(Workspace work) {
        return new CaughtPlans(work, false);
    }

    static CaughtPlans ofAnOrdinaryUser(Workspace work) {
        return new CaughtPlans(work, true);
    }

    /** The command as the user whose plans these are. */
    List<String> asUser(List<String> argv) {
        List<String> all = new ArrayList<>();
        if (ordinary) {
            all.addAll(List.of("setpriv", "--reuid=" + USER, "--regid=" + USER, "--clear-groups"));
        }
        all.addAll(argv);
        return all;
    }

    /** What a resident process plays that has the plan of such a run. */
    String plan(List<String> options, String script) {
        List<String> argv = new ArrayList<>(List.of(
                catcher.resolve("bin/velo").toString(),
                "run",
                "--isolate",
                "--manifest",
                work.base().toString()));
        argv.addAll(options);
        argv.addAll(List.of("--", "/bin/sh", "-c", script));
        work.command(asUser(argv)).run().prints("");
        return "plan " + catcher.resolve("plan") + " " + lock();
    }

    Path lock() {
        return catcher.resolve("lock");
    }
}
