#include "report.h"

#include "numbers.h"

#include <inttypes.h>

void report(const struct table *table, unsigned base, FILE *out) {
    uint64_t divisor = 0;
    for (size_t i = 0; i < table->count; i++) {
        uint64_t n = table->numbers[i];
        divisor = greatest_divisor(divisor, n);
        fprintf(out, "%" PRIu64 "%s: digits %u, steps %d, 3^n %% 1009 = %" PRIu64 "\n", n,
                is_prime(n) ? " (prime)" : "", digit_sum(n, base), collatz_steps(n),
                power_modulo(3, n, 1009));
    }
    fprintf(out, "divisor %" PRIu64 ", fibonacci(50) %" PRIu64 "\n", divisor, fibonacci(50));
}
