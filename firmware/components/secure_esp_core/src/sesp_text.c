/* SPDX-License-Identifier: MIT */
#include "sesp_text.h"

#include <string.h>

void sesp_text_clear(char *out, size_t size) {
  /*@ loop invariant at <= size && \forall integer done; 0 <= done < at ==> out[done] == 0;
      loop assigns at, out[0 .. size - 1];
      loop variant size - at; */
  for (size_t at = 0; at < size; at++) {
    out[at] = '\0';
  }
}

void sesp_text_assign(char *out, const char *in, size_t size) {
  /*@ loop invariant at <= size && \forall integer done; 0 <= done < at ==> out[done] == in[done];
      loop assigns at, out[0 .. size - 1];
      loop variant size - at; */
  for (size_t at = 0; at < size; at++) {
    out[at] = in[at];
  }
}

void sesp_bytes_assign(uint8_t *out, const uint8_t *in, size_t len) {
  /*@ loop invariant at <= len;
      loop assigns at, out[0 .. len - 1];
      loop variant len - at; */
  for (size_t at = 0; at < len; at++) {
    out[at] = in[at];
  }
}

void sesp_bytes_clear(uint8_t *out, size_t len) {
  /*@ loop invariant at <= len;
      loop assigns at, out[0 .. len - 1];
      loop variant len - at; */
  for (size_t at = 0; at < len; at++) {
    out[at] = 0;
  }
}

bool sesp_bytes_same(const uint8_t *a, const uint8_t *b, size_t len) {
  /*@ loop invariant at <= len;
      loop assigns at;
      loop variant len - at; */
  for (size_t at = 0; at < len; at++) {
    if (a[at] != b[at]) {
      return false;
    }
  }
  return true;
}

sesp_text_t sesp_text_begin(char *data, size_t capacity) {
  const sesp_text_t text = {data, capacity, 0};
  memset(data, 0, capacity);
  return text;
}

void sesp_text_add(sesp_text_t *text, const char *more) {
  /*@ loop invariant text->len < text->capacity;
      loop invariant \forall integer end;
        \at(sesp_addable_to(text, more, end), Pre) ==> sesp_addable_to(text, more, end);
      loop invariant at <= text->len && \forall integer end; 0 <= end < at ==> more[end] != 0;
      loop assigns at, text->len, text->data[0 .. text->capacity - 1];
      loop variant text->capacity - text->len; */
  for (size_t at = 0; more[at] != '\0' && text->len + 1u < text->capacity; at++) {
    text->data[text->len] = more[at];
    text->len++;
  }
  text->data[text->len] = '\0';
}

void sesp_text_add_u32(sesp_text_t *text, uint32_t value) {
  char digits[11] = {0};
  size_t at = sizeof(digits) - 1u;
  /*@ loop invariant 1 <= at <= 10 && digits[10] == 0;
      loop invariant at == 9 ==> value <= 429496729;
      loop invariant at == 8 ==> value <= 42949672;
      loop invariant at == 7 ==> value <= 4294967;
      loop invariant at == 6 ==> value <= 429496;
      loop invariant at == 5 ==> value <= 42949;
      loop invariant at == 4 ==> value <= 4294;
      loop invariant at == 3 ==> value <= 429;
      loop invariant at == 2 ==> value <= 42;
      loop invariant at == 1 ==> value <= 4;
      loop assigns at, value, digits[0 .. 9];
      loop variant at; */
  do {
    at--;
    digits[at] = (char)('0' + (char)(value % 10u));
    value /= 10u;
  } while (value > 0u);
  /*@ assert sesp_addable_to(text, digits + at, 10 - at); */
  sesp_text_add(text, digits + at);
}

void sesp_text_copy(char *out, size_t capacity, const char *bytes, size_t len) {
  memset(out, 0, capacity);
  /*@ loop invariant at <= len && at < capacity && out[capacity - 1] == 0;
      loop assigns at, out[0 .. capacity - 2];
      loop variant capacity - at; */
  for (size_t at = 0; at < len && at + 1u < capacity; at++) {
    out[at] = bytes[at];
  }
}

void sesp_text_printable(char *out, size_t capacity, const char *text) {
  size_t len = 0;
  memset(out, 0, capacity);
  /*@ loop invariant len < capacity && out[capacity - 1] == 0;
      loop invariant \forall integer at; 0 <= at < len ==> text[at] != 0;
      loop assigns len, out[0 .. capacity - 2];
      loop variant capacity - len; */
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
  /*@ loop invariant at <= len;
      loop assigns at, out[0 .. 2 * len - 1];
      loop variant len - at; */
  for (size_t at = 0; at < len; at++) {
    out[2u * at] = digits[bytes[at] / 16u];
    out[2u * at + 1u] = digits[bytes[at] % 16u];
  }
  out[2u * len] = '\0';
}

/*@ assigns \nothing; ensures \result <= 15; */
static uint8_t hex_value(char digit) {
  return (uint8_t)(((uint8_t)digit % 16u + (digit >= 'a' ? 9u : 0u)) % 16u);
}

void sesp_text_unhex(uint8_t *out, size_t len, const char *hex) {
  /*@ loop invariant at <= len;
      loop assigns at, out[0 .. len - 1];
      loop variant len - at; */
  for (size_t at = 0; at < len; at++) {
    out[at] = (uint8_t)(hex_value(hex[2u * at]) * 16u + hex_value(hex[2u * at + 1u]));
  }
}
