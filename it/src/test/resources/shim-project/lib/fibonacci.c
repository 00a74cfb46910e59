#include "numbers.h"

uint64_t fibonacci(unsigned n) {
    uint64_t a = 0;
    uint64_t b = 1;
    while (n-- > 0) {
        uint64_t sum = a + b;
        a = b;
        b = sum;
    }
    return a;
}
