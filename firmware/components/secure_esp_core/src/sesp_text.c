/* SPDX-License-Identifier: MIT */
#include "sesp_text.h"

#include <string.h>

sesp_text_t sesp_text_begin(char *data, size_t capacity) {
  const sesp_text_t text = {data, capacity, 0};
  memset(data, 0, capacity);
  return text;
}

void sesp_text_add(sesp_text_t *text, const char *more) {
  for (size_t at = 0; more[at] != '\0' && text->len + 1u < text->capacity; at++) {
    text->data[text->len] = more[at];
    text->len++;
  }
  text->data[text->len] = '\0';
}

void sesp_text_add_u32(sesp_text_t *text, uint32_t value) {
  char digits[11] = {0};
  size_t at = sizeof(digits) - 1u;
  do {
    at--;
    digits[at] = (char)('0' + (char)(value % 10u));
    value /= 10u;
  } while (value > 0u);
  sesp_text_add(text, digits + at);
}

void sesp_text_copy(char *out, size_t capacity, const char *bytes, size_t len) {
  memset(out, 0, capacity);
  for (size_t at = 0; at < len && at + 1u < capacity; at++) {
    out[at] = bytes[at];
  }
}

void sesp_text_printable(char *out, size_t capacity, const char *text) {
  size_t len = 0;
  memset(out, 0, capacity);
  while (text[len] != '\0' && len + 1u < capacity) {
    const char c = text[len];
    out[len] = (c >= ' ' && c <= '~') ? c : '?';
    len++;
  }
}

bool sesp_text_same(const char *a, const char *b, size_t max) {
  size_t at = 0;
  /*@ loop invariant at <= max;
      loop assigns at;
      loop variant max - at; */
  while (at < max && a[at] == b[at]) {
    if (a[at] == '\0') {
      return true;
    }
    at++;
  }
  return at == max;
}

size_t sesp_text_length(const char *text, size_t max) {
  size_t len = 0;
  /*@ loop invariant len <= max && \valid_read(text + (0 .. len - 1));
      loop invariant \forall integer at; 0 <= at < len ==> text[at] != 0;
      loop assigns len;
      loop variant max - len; */
  while (len < max && text[len] != '\0') {
    len++;
  }
  return len;
}

void sesp_text_hex(char *out, const uint8_t *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  for (size_t at = 0; at < len; at++) {
    out[2u * at] = digits[bytes[at] / 16u];
    out[2u * at + 1u] = digits[bytes[at] % 16u];
  }
  out[2u * len] = '\0';
}

static uint8_t hex_value(char digit) {
  return (uint8_t)(digit <= '9' ? digit - '0' : digit - 'a' + 10);
}

void sesp_text_unhex(uint8_t *out, size_t len, const char *hex) {
  for (size_t at = 0; at < len; at++) {
    out[at] = (uint8_t)(hex_value(hex[2u * at]) * 16u + hex_value(hex[2u * at + 1u]));
  }
}
