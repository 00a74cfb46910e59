package dev.velo.namespaces;

/** A sandbox that cannot be launched: "cannot &lt;verb&gt; &lt;object&gt;: &lt;reason&gt;; &lt;what to do&gt;". */
public final class LaunchException extends Exception {
    public LaunchException(String problem, String remedy, Throwable cause) {
        super(problem + "; " + remedy, cause);
    }
}
