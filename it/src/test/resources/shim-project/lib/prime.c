#include "numbers.h"

bool is_prime(uint64_t n) {
    if (n < 4) {
        return n > 1;
    }
    if (n % 2 == 0) {
        return false;
    }
    for (uint64_t d = 3; d <= n / d; d += 2) {
        if (n % d == 0) {
            return false;
        }
    }
    return true;
}
