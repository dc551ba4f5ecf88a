/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_text.h
 * @brief Builds bounded ASCII texts. Always NUL-terminated, silently cut at the buffer's end.
 */
#ifndef SESP_TEXT_H
#define SESP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*@ predicate sesp_text_ok(char *text, integer max) =
      \valid_read(text + (0 .. max - 1)) ||
      \exists integer end; 0 <= end < max && \valid_read(text + (0 .. end)) && text[end] == 0; */

typedef struct {
  char *data;
  size_t capacity; /* with terminator, at least 1 */
  size_t len;
} sesp_text_t;

sesp_text_t sesp_text_begin(char *data, size_t capacity);
void sesp_text_add(sesp_text_t *text, const char *more);
void sesp_text_add_u32(sesp_text_t *text, uint32_t value);

/** Copies `len` bytes and ends them with NUL. */
void sesp_text_copy(char *out, size_t capacity, const char *bytes, size_t len);

/** Copies `text` with every byte outside 0x20..0x7E replaced by '?', so that it is fit for JSON and HTTP headers. */
void sesp_text_printable(char *out, size_t capacity, const char *text);

/** True if both texts are the same up to their NUL or `max`. */
/*@ requires \valid_read(a + (0 .. max - 1)) && \valid_read(b + (0 .. max - 1));
    assigns \result \from a[0 .. max - 1], b[0 .. max - 1]; */
bool sesp_text_same(const char *a, const char *b, size_t max);

/** Length up to NUL, at most `max`. */
/*@ requires sesp_text_ok(text, max);
    assigns \result \from text[0 .. max - 1];
    ensures \result <= max && \valid_read(text + (0 .. \result - 1)); */
size_t sesp_text_length(const char *text, size_t max);

/** 64 lower-case hex digits and NUL. */
void sesp_text_hex(char *out, const uint8_t *bytes, size_t len);

/** Reads `2 * len` lower-case hex digits. The caller has checked them. */
void sesp_text_unhex(uint8_t *out, size_t len, const char *hex);

#endif
