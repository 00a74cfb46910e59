package dev.velo.cas.manifest;

/** Runs a recursion over a tree that may be as deep as the format allows. */
final class DeepStack {
    /** 32,768 levels of a few hundred bytes each, with room to spare; only what is used becomes memory. */
    private static final long STACK = 512L << 20;

    private DeepStack() {}

    static void run(Runnable recursion) {
        Throwable[] failure = new Throwable[1];
        Thread thread = new Thread(null, recursion, "velo-tree", STACK);
        thread.setUncaughtExceptionHandler((ignored, e) -> failure[0] = e);
        thread.start();
        boolean interrupted = false;
        while (true) {
            try {
                thread.join();
                break;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (failure[0] instanceof Error error) {
            throw error;
        }
        if (failure[0] instanceof RuntimeException exception) {
            throw exception;
        }
    }
}
