package dev.velo.cas.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;

/**
 * Lets one of several threads run at a time and decides by a seed, at each point where a thread asks, which one is next. What the
 * threads do is then a function of the seed.
 */
final class Scheduler {
    /** One thread's place in the order of things. */
    final class Turn {
        private final String name;
        private final Semaphore baton = new Semaphore(0);
        private boolean waiting;

        Turn(String name) {
            this.name = name;
        }

        /** A point where others may go first. */
        void offer(double probability) {
            if (random.nextDouble() < probability) {
                hand();
            }
        }

        /** Called in place of waiting for a lock: returns when it is worth another try. */
        void blocked() {
            waiting = true;
            if (turns.stream().allMatch(turn -> turn.waiting)) {
                throw new IllegalStateException("every process waits for a lock");
            }
            hand();
        }

        /** Whatever this thread did may have freed a lock. */
        void progressed() {
            turns.forEach(turn -> turn.waiting = false);
        }

        private void hand() {
            Turn next = choose();
            if (next != this) {
                next.baton.release();
                baton.acquireUninterruptibly();
            }
        }

        void begin() {
            baton.acquireUninterruptibly();
        }

        void end() {
            turns.remove(this);
            progressed();
            if (turns.isEmpty()) {
                done.release();
            } else {
                choose().baton.release();
            }
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private final Random random;
    private final List<Turn> turns = new ArrayList<>();
    private final Semaphore done = new Semaphore(0);

    Scheduler(Random random) {
        this.random = random;
    }

    Turn add(String name) {
        Turn turn = new Turn(name);
        turns.add(turn);
        return turn;
    }

    private Turn choose() {
        List<Turn> ready = turns.stream().filter(turn -> !turn.waiting).toList();
        return ready.get(random.nextInt(ready.size()));
    }

    /** Lets the threads of all turns run to their ends. */
    void run() {
        choose().baton.release();
        done.acquireUninterruptibly();
    }
}
