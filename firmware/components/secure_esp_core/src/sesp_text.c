/* SPDX-License-Identifier: MIT */
#include "sesp_text.h"

#include <string.h>

sesp_text_t sesp_text_begin(char *data, size_t capacity) {
  const sesp_text_t text = {data, capacity, 0};
  data[0] = '\0';
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
  char digits[11];
  size_t at = sizeof(digits) - 1u;
  digits[at] = '\0';
  do {
    at--;
    digits[at] = (char)('0' + (char)(value % 10u));
    value /= 10u;
  } while (value > 0u);
  sesp_text_add(text, digits + at);
}

void sesp_text_printable(char *out, size_t capacity, const char *text) {
  size_t len = 0;
  while (text[len] != '\0' && len + 1u < capacity) {
    const char c = text[len];
    out[len] = (c >= ' ' && c <= '~') ? c : '?';
    len++;
  }
  out[len] = '\0';
}

size_t sesp_text_length(const char *text, size_t max) {
  size_t len = 0;
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
