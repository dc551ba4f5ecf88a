/* SPDX-License-Identifier: MIT */
#include "model.h"

volatile uint32_t any;
volatile uint64_t any_64;

uint32_t below(uint32_t bound) {
  const uint32_t value = any;
  return value < bound ? value : bound - 1u;
}

bool perhaps(void) {
  return any >= 7u;
}

void scribble_text(char *out, size_t size) {
  scribble((uint8_t *)out, size - 1u);
  out[size - 1u] = '\0';
}

void look(const uint8_t *bytes, size_t len) {
  if (len > 0u) {
    /*@ assert \valid_read(bytes + (0 .. len - 1)); */
    /*@ assert \initialized(bytes + (0 .. len - 1)); */
  }
}

void look_text(const char *letters, size_t max) {
  for (size_t at = 0; at < max && letters[at] != '\0'; at++) {
  }
}
