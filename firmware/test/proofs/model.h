/* SPDX-License-Identifier: MIT */
/**
 * @file model.h
 * @brief Arbitrary values, for Frama-C's Eva.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Each reading is any number. */
extern volatile uint32_t any;
extern volatile uint64_t any_64;

/** Any bytes. */
/*@ requires \valid(out + (0 .. len - 1));
    assigns out[0 .. len - 1] \from any;
    ensures \initialized(out + (0 .. len - 1)); */
void scribble(uint8_t *out, size_t len);

/** Any text that ends within `size` bytes. */
void scribble_text(char *out, size_t size);

/** Reads bytes, a text up to its end or `max`. */
void look(const uint8_t *bytes, size_t len);
void look_text(const char *letters, size_t max);

/** Any number below `bound`. */
uint32_t below(uint32_t bound);
bool perhaps(void);

#endif
