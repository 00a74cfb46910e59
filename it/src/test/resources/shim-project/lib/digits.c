#include "numbers.h"

unsigned digit_sum(uint64_t n, unsigned base) {
    unsigned sum = 0;
    for (; n > 0; n /= base) {
        sum += (unsigned)(n % base);
    }
    return sum;
}
