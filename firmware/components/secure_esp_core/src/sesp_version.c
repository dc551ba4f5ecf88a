/* SPDX-License-Identifier: MIT */
#include "sesp_version.h"

#include <string.h>

#define DESCRIBE_HASH_MIN (4u)
#define DESCRIBE_HASH_MAX (40u)
#define DIRTY "-dirty"
#define DIRTY_LEN (6u)

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_identifier_char(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

/** Reads a number greedily. Returns the bytes read, 0 if there is none or it is above 4294967295. */
static size_t read_number(const char *text, size_t len, uint32_t *out) {
  uint64_t value = 0;
  size_t at = 0;
  if (len > 0u && text[0] == '0') {
    *out = 0;
    return 1;
  }
  while (at < len && is_digit(text[at])) {
    value = value * 10u + (uint64_t)(text[at] - '0');
    if (value > UINT32_MAX) {
      return 0;
    }
    at++;
  }
  *out = (uint32_t)value;
  return at;
}

/** True for identifiers joined by dots. `numeric_rules`: one of only digits must be a number; build parts need not. */
static bool are_identifiers(const char *text, size_t len, bool numeric_rules) {
  size_t start = 0;
  for (size_t at = 0; at <= len; at++) {
    if (at < len && text[at] != '.') {
      if (!is_identifier_char(text[at])) {
        return false;
      }
      continue;
    }
    if (at == start) {
      return false;
    }
    if (numeric_rules) {
      size_t digits = start;
      uint32_t ignored = 0;
      while (digits < at && is_digit(text[digits])) {
        digits++;
      }
      if (digits == at && read_number(text + start, at - start, &ignored) != at - start) {
        return false;
      }
    }
    start = at + 1u;
  }
  return true;
}

/** `-N-g<hash>[-dirty]` as a whole. */
static bool read_describe(const char *text, size_t len, uint32_t *commits) {
  size_t at = 1;
  size_t hash = 0;
  if (len < 2u || text[0] != '-') {
    return false;
  }
  const size_t digits = read_number(text + at, len - at, commits);
  at += digits;
  if (digits == 0u || len - at < 2u || text[at] != '-' || text[at + 1u] != 'g') {
    return false;
  }
  at += 2u;
  while (at < len && (is_digit(text[at]) || (text[at] >= 'a' && text[at] <= 'f'))) {
    at++;
    hash++;
  }
  if (hash < DESCRIBE_HASH_MIN || hash > DESCRIBE_HASH_MAX) {
    return false;
  }
  return at == len || (len - at == DIRTY_LEN && memcmp(text + at, DIRTY, DIRTY_LEN) == 0);
}

static bool read_suffix(const char *text, size_t len, sesp_version_t *version) {
  uint32_t commits = 0;
  if (len == 0u) {
    return true;
  }
  if (read_describe(text, len, &commits)) {
    version->commits = commits;
    return true;
  }
  if (text[0] != '-' || !are_identifiers(text + 1, len - 1u, true)) {
    return false;
  }
  version->pre = text + 1;
  version->pre_len = len - 1u;
  return true;
}

/** Length up to the first `+`; everything when there is none. */
static size_t length_before_build(const char *text, size_t len) {
  size_t at = 0;
  while (at < len && text[at] != '+') {
    at++;
  }
  return at;
}

bool sesp_version_parse(const char *text, size_t len, sesp_version_t *out) {
  sesp_version_t version = {{0, 0, 0, 0}, 0, NULL, 0};
  size_t at = 0;
  if (text == NULL || out == NULL || len == 0u || len > SESP_VERSION_MAX_BYTES) {
    return false;
  }
  const size_t end = length_before_build(text, len);
  if (end < len && !are_identifiers(text + end + 1u, len - end - 1u, false)) {
    return false;
  }
  if (text[0] == 'v') {
    at = 1;
  }
  for (size_t component = 0; component < 4u; component++) {
    const size_t digits = read_number(text + at, end - at, &version.core[component]);
    if (digits == 0u) {
      return false;
    }
    at += digits;
    /* A dot without a digit behind it belongs to the suffix, which refuses it. */
    if (component == 3u || end - at < 2u || text[at] != '.' || !is_digit(text[at + 1u])) {
      break;
    }
    at++;
  }
  if (!read_suffix(text + at, end - at, &version)) {
    return false;
  }
  *out = version;
  return true;
}

static int sign_of(uint32_t a, uint32_t b) {
  if (a == b) {
    return 0;
  }
  return a < b ? -1 : 1;
}

static size_t identifier_length(const char *text, size_t len) {
  size_t at = 0;
  while (at < len && text[at] != '.') {
    at++;
  }
  return at;
}

static int compare_identifier(const char *a, size_t a_len, const char *b, size_t b_len) {
  uint32_t a_value = 0;
  uint32_t b_value = 0;
  const bool a_numeric = read_number(a, a_len, &a_value) == a_len;
  const bool b_numeric = read_number(b, b_len, &b_value) == b_len;
  if (a_numeric || b_numeric) {
    if (a_numeric && b_numeric) {
      return sign_of(a_value, b_value);
    }
    return a_numeric ? -1 : 1;
  }
  const size_t common = a_len < b_len ? a_len : b_len;
  const int order = memcmp(a, b, common);
  if (order != 0) {
    return order < 0 ? -1 : 1;
  }
  return sign_of((uint32_t)a_len, (uint32_t)b_len);
}

static int compare_pre(const sesp_version_t *a, const sesp_version_t *b) {
  size_t a_at = 0;
  size_t b_at = 0;
  if (a->pre_len == 0u || b->pre_len == 0u) {
    return sign_of(a->pre_len == 0u ? 1u : 0u, b->pre_len == 0u ? 1u : 0u);
  }
  while (a_at < a->pre_len && b_at < b->pre_len) {
    const size_t a_len = identifier_length(a->pre + a_at, a->pre_len - a_at);
    const size_t b_len = identifier_length(b->pre + b_at, b->pre_len - b_at);
    const int order = compare_identifier(a->pre + a_at, a_len, b->pre + b_at, b_len);
    if (order != 0) {
      return order;
    }
    a_at += a_len + 1u;
    b_at += b_len + 1u;
  }
  return sign_of(a_at < a->pre_len ? 1u : 0u, b_at < b->pre_len ? 1u : 0u);
}

int sesp_version_compare(const sesp_version_t *a, const sesp_version_t *b) {
  for (size_t component = 0; component < 4u; component++) {
    const int order = sign_of(a->core[component], b->core[component]);
    if (order != 0) {
      return order;
    }
  }
  const int pre = compare_pre(a, b);
  return pre != 0 ? pre : sign_of(a->commits, b->commits);
}
