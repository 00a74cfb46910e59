#include "config.h"
#include "numbers.h"

int collatz_steps(uint64_t n) {
    for (int steps = 0; steps <= MOST_STEPS; steps++) {
        if (n <= 1) {
            return steps;
        }
        n = n % 2 == 0 ? n / 2 : 3 * n + 1;
    }
    return -1;
}
