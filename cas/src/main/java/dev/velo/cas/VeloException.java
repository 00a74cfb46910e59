package dev.velo.cas;

/**
 * What a user is told: "cannot &lt;verb&gt; &lt;object&gt;: &lt;reason&gt;; &lt;what to do&gt;". Thrown at the borders of the store and its neighbours;
 * the command line prints the message as one line and chooses the exit status.
 */
public class VeloException extends Exception {
    private final String problem;
    private final String remedy;

    /**
     * @param problem "cannot &lt;verb&gt; &lt;object&gt;: &lt;reason&gt;", no final stop
     * @param remedy what the user can do, in the imperative, no final stop
     */
    public VeloException(String problem, String remedy) {
        this(problem, remedy, null);
    }

    public VeloException(String problem, String remedy, Throwable cause) {
        super(problem + "; " + remedy, cause);
        this.problem = problem;
        this.remedy = remedy;
    }

    /** The message without the remedy. */
    public final String problem() {
        return problem;
    }

    public final String remedy() {
        return remedy;
    }
}
