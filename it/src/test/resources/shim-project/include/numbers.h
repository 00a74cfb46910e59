#ifndef NUMBERS_H
#define NUMBERS_H

#include <stdbool.h>
#include <stdint.h>

uint64_t greatest_divisor(uint64_t a, uint64_t b);
bool is_prime(uint64_t n);
uint64_t power_modulo(uint64_t base, uint64_t exponent, uint64_t modulus);
unsigned digit_sum(uint64_t n, unsigned base);
/* Steps to 1; -1 where there are more than MOST_STEPS. */
int collatz_steps(uint64_t n);
uint64_t fibonacci(unsigned n);

#endif
