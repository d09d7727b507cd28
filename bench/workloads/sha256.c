// sha256 MIB: the SHA-256 (FIPS 180-4) of so many MiB of zeros.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t constants[64];
static uint32_t state[8];

// The first 32 bits of the fractions of square roots and cube roots of the first primes: found by bisection, in integers.
static uint32_t fraction_of_root(uint64_t prime, int degree) {
  unsigned __int128 low = 0, high = (unsigned __int128)1 << 37;  // 32.. bits of the root
  while (high - low > 1) {
    const unsigned __int128 middle = (low + high) / 2;
    const unsigned __int128 power = degree == 2 ? middle * middle : middle * middle * middle;
    if (power <= (unsigned __int128)prime << (32 * degree))
      low = middle;
    else
      high = middle;
  }
  return (uint32_t)low;
}

static void set_up(void) {
  int found = 0;
  for (uint64_t number = 2; found < 64; ++number) {
    int prime = 1;
    for (uint64_t divisor = 2; divisor * divisor <= number; ++divisor) prime = prime && number % divisor != 0;
    if (!prime) continue;
    constants[found] = fraction_of_root(number, 3);
    if (found < 8) state[found] = fraction_of_root(number, 2);
    ++found;
  }
}

static uint32_t rotate(uint32_t word, int bits) { return word >> bits | word << (32 - bits); }

static void add_block(const uint8_t* block) {
  uint32_t w[64], v[8];
  for (int i = 0; i < 16; ++i)
    w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
  for (int i = 16; i < 64; ++i) {
    const uint32_t s0 = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
    const uint32_t s1 = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
    w[i] = w[i - 16] + s0 + w[i - 7] + s1;
  }
  memcpy(v, state, sizeof(v));
  for (int i = 0; i < 64; ++i) {
    const uint32_t s1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25), choice = (v[4] & v[5]) ^ (~v[4] & v[6]);
    const uint32_t s0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22),
                   majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
    const uint32_t first = v[7] + s1 + choice + constants[i] + w[i];
    memmove(v + 1, v, 7 * sizeof(v[0]));
    v[4] += first;
    v[0] = first + s0 + majority;
  }
  for (int i = 0; i < 8; ++i) state[i] += v[i];
}

int main(int count, char** words) {
  const uint64_t mib = count > 1 ? strtoull(words[1], NULL, 10) : 1, bits = mib << 23;
  uint8_t block[64] = {0};
  set_up();
  for (uint64_t left = mib << 14; left > 0; --left) add_block(block);
  block[0] = 0x80;  // the end: a one bit, zeros, the length
  for (int i = 0; i < 8; ++i) block[63 - i] = (uint8_t)(bits >> (8 * i));
  add_block(block);
  for (int i = 0; i < 8; ++i) printf("%08x", state[i]);
  putchar('\n');
  return 0;
}
