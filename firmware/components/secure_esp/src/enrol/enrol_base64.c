/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "enrol.h"

/* of 64 characters */
#define PEM_LINE_BYTES ((size_t)48)
#define PEM_LABEL_MAX (32u)

static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_group(const uint8_t *bytes, size_t len, char *text) {
  const uint8_t second = len > 1u ? bytes[1] : 0u;
  const uint8_t third = len > 2u ? bytes[2] : 0u;
  text[0] = DIGITS[bytes[0] / 4u];
  text[1] = DIGITS[bytes[0] % 4u * 16u + second / 16u];
  text[2] = '=';
  text[3] = '=';
  if (len > 1u) {
    text[2] = DIGITS[second % 16u * 4u + third / 64u];
  }
  if (len > 2u) {
    text[3] = DIGITS[third % 64u];
  }
}

bool sesp_base64_encode(const uint8_t *bytes, size_t len, char *text, size_t capacity) {
  const size_t groups = len / 3u + (len % 3u > 0u ? 1u : 0u);
  if (capacity == 0u || groups > (capacity - 1u) / 4u) {
    return false;
  }
  for (size_t at = 0; at < groups; at++) {
    const size_t left = len - at * 3u;
    encode_group(bytes + at * 3u, left < 3u ? left : 3u, text + at * 4u);
  }
  text[groups * 4u] = '\0';
  return true;
}

#define NO_DIGIT (64u)

static uint32_t digit_of(char character) {
  if (character >= 'A' && character <= 'Z') {
    return (uint32_t)(character - 'A');
  }
  if (character >= 'a' && character <= 'z') {
    return (uint32_t)(character - 'a') + 26u;
  }
  if (character >= '0' && character <= '9') {
    return (uint32_t)(character - '0') + 52u;
  }
  if (character == '+') {
    return 62u;
  }
  return character == '/' ? 63u : NO_DIGIT;
}

static bool is_space(char character) {
  return character == ' ' || character == '\t' || character == '\r' || character == '\n';
}

bool sesp_base64_decode(const char *text, size_t text_len, uint8_t *bytes, size_t capacity, size_t *len) {
  uint32_t group = 0;
  size_t digits = 0; /* of the group, padding included */
  size_t padding = 0;
  size_t written = 0;
  for (size_t at = 0; at < text_len; at++) {
    if (is_space(text[at])) {
      continue;
    }
    const bool is_padding = text[at] == '=';
    const uint32_t digit = is_padding ? 0u : digit_of(text[at]);
    /* a digit after padding, or padding where a group has not two digits yet */
    if (digit == NO_DIGIT || (padding > 0u && !is_padding) || (is_padding && digits < 2u)) {
      return false;
    }
    padding += is_padding ? 1u : 0u;
    group = group * 64u + digit;
    digits++;
    if (digits < 4u) {
      continue;
    }
    const uint8_t three[3] = {(uint8_t)(group / 65536u), (uint8_t)(group / 256u % 256u), (uint8_t)(group % 256u)};
    const size_t count = 3u - padding;
    /* bits that no byte has must be zero */
    if ((padding > 0u && three[2] != 0u) || (padding > 1u && three[1] != 0u) || count > capacity - written) {
      return false;
    }
    memcpy(bytes + written, three, count);
    written += count;
    group = 0;
    digits = 0;
  }
  if (digits != 0u || written == 0u) {
    return false;
  }
  *len = written;
  return true;
}

typedef struct {
  char *data;
  size_t capacity;
  size_t len;
  bool ok;
} text_t;

static void add(text_t *text, const char *more, size_t len) {
  if (!text->ok || len >= text->capacity - text->len) {
    text->ok = false;
    return;
  }
  memcpy(text->data + text->len, more, len);
  text->len += len;
  text->data[text->len] = '\0';
}

static void add_text(text_t *text, const char *more) {
  add(text, more, strlen(more));
}

static void add_boundary(text_t *text, const char *kind, const char *label) {
  add_text(text, kind);
  add_text(text, label);
  add_text(text, "-----\n");
}

bool sesp_pem_write(const char *label, const uint8_t *der, size_t len, char *text, size_t capacity) {
  if (capacity == 0u) {
    return false;
  }
  text_t out = {.data = text, .capacity = capacity, .len = 0, .ok = true};
  text[0] = '\0';
  add_boundary(&out, "-----BEGIN ", label);
  for (size_t at = 0; at < len; at += PEM_LINE_BYTES) {
    char line[65];
    const size_t left = len - at;
    out.ok = out.ok && sesp_base64_encode(der + at, left < PEM_LINE_BYTES ? left : PEM_LINE_BYTES, line, sizeof(line));
    add_text(&out, out.ok ? line : "");
    add_text(&out, "\n");
  }
  add_boundary(&out, "-----END ", label);
  return out.ok;
}

bool sesp_pem_read(const char *text, const char *label, uint8_t *der, size_t capacity, size_t *len) {
  char boundary[PEM_LABEL_MAX + 24u] = "";
  text_t begin = {.data = boundary, .capacity = sizeof(boundary), .len = 0, .ok = true};
  add_boundary(&begin, "-----BEGIN ", label);
  if (!begin.ok || strncmp(text, boundary, begin.len - 1u) != 0) {
    return false;
  }
  const char *body = text + begin.len - 1u;
  text_t end = {.data = boundary, .capacity = sizeof(boundary), .len = 0, .ok = true};
  add_boundary(&end, "-----END ", label);
  boundary[end.len - 1u] = '\0'; /* the last line need not be ended */
  const char *stop = strstr(body, boundary);
  return stop != NULL && sesp_base64_decode(body, (size_t)(stop - body), der, capacity, len);
}
