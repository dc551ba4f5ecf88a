/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_text.h
 * @brief Builds bounded ASCII texts. Always NUL-terminated, silently cut at the buffer's end.
 */
#ifndef SESP_TEXT_H
#define SESP_TEXT_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
  char *data;
  size_t capacity; /* with terminator, at least 1 */
  size_t len;
} sesp_text_t;

sesp_text_t sesp_text_begin(char *data, size_t capacity);
void sesp_text_add(sesp_text_t *text, const char *more);
void sesp_text_add_u32(sesp_text_t *text, uint32_t value);

/** Copies `text` with every byte outside 0x20..0x7E replaced by '?', so that it is fit for JSON and HTTP headers. */
void sesp_text_printable(char *out, size_t capacity, const char *text);

/** Length up to NUL, at most `max`. */
size_t sesp_text_length(const char *text, size_t max);

/** 64 lower-case hex digits and NUL. */
void sesp_text_hex(char *out, const uint8_t *bytes, size_t len);

/** Reads `2 * len` lower-case hex digits. The caller has checked them. */
void sesp_text_unhex(uint8_t *out, size_t len, const char *hex);

#endif
