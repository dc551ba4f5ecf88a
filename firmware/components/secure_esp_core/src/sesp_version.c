/* SPDX-License-Identifier: MIT */
#include "sesp_version.h"

#define DESCRIBE_HASH_MIN (4u)
#define DIRTY_LEN (6u)
_Static_assert(SESP_VERSION_MAX_BYTES <= 40u, "a hash may have 40 digits: no version holds more");

static const char DIRTY[DIRTY_LEN + 1u] = "-dirty";

/*@ assigns \nothing;
    ensures \result <==> '0' <= c <= '9'; */
static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/*@ assigns \nothing; */
static bool is_identifier_char(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-';
}

/** Reads a number greedily. Returns the bytes read, 0 if there is none or it is above 4294967295. */
/*@ requires \valid_read(text + (0 .. len - 1)) && \valid(out) && \separated(text + (0 .. len - 1), out);
    assigns *out;
    ensures \result <= len; */
static size_t read_number(const char *text, size_t len, uint32_t *out) {
  uint64_t value = 0;
  size_t at = 0;
  if (len > 0u && text[0] == '0') {
    *out = 0;
    return 1;
  }
  /*@ loop invariant at <= len && value <= UINT32_MAX;
      loop assigns at, value;
      loop variant len - at; */
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
/*@ requires \valid_read(text + (0 .. len - 1)) && len <= SESP_VERSION_MAX_BYTES;
    assigns \nothing; */
static bool are_identifiers(const char *text, size_t len, bool numeric_rules) {
  size_t start = 0;
  /*@ loop invariant at <= len + 1 && start <= at && start <= len + 1;
      loop assigns at, start;
      loop variant len + 1 - at; */
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
      /*@ loop invariant start <= digits <= at;
          loop assigns digits;
          loop variant at - digits; */
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

/*@ requires \valid_read(text + (0 .. DIRTY_LEN - 1));
    assigns \nothing; */
static bool is_dirty(const char *text) {
  size_t at = 0;
  /*@ loop invariant at <= DIRTY_LEN;
      loop assigns at;
      loop variant DIRTY_LEN - at; */
  while (at < DIRTY_LEN && text[at] == DIRTY[at]) {
    at++;
  }
  return at == DIRTY_LEN;
}

/** `-N-g<hash>[-dirty]` as a whole. */
/*@ requires \valid_read(text + (0 .. len - 1)) && \valid(commits) && \separated(text + (0 .. len - 1), commits);
    assigns *commits; */
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
  /*@ loop invariant at <= len && hash <= at;
      loop assigns at, hash;
      loop variant len - at; */
  while (at < len && (is_digit(text[at]) || (text[at] >= 'a' && text[at] <= 'f'))) {
    at++;
    hash++;
  }
  if (hash < DESCRIBE_HASH_MIN) {
    return false;
  }
  return at == len || (len - at == DIRTY_LEN && is_dirty(text + at));
}

/*@ requires \valid_read(text + (0 .. len - 1)) && len <= SESP_VERSION_MAX_BYTES;
    requires \valid(version) && \separated(text + (0 .. len - 1), version);
    requires version->pre_len == 0;
    assigns version->commits, version->pre, version->pre_len;
    ensures version->pre_len == 0 || \valid_read(version->pre + (0 .. version->pre_len - 1));
    ensures version->pre_len <= SESP_VERSION_MAX_BYTES; */
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
/*@ requires \valid_read(text + (0 .. len - 1));
    assigns \nothing;
    ensures \result <= len;
    ensures \result < len ==> text[\result] == '+'; */
static size_t length_before_build(const char *text, size_t len) {
  size_t at = 0;
  /*@ loop invariant at <= len;
      loop assigns at;
      loop variant len - at; */
  while (at < len && text[at] != '+') {
    at++;
  }
  return at;
}

/*@ requires text == \null || len > SESP_VERSION_MAX_BYTES || \valid_read(text + (0 .. len - 1));
    requires out == \null || (\valid(out) && \separated(text + (0 .. len - 1), out));
    assigns *out \from text, text[0 .. len - 1], len;
    assigns \result \from text[0 .. len - 1], len;
    ensures \result == 0 || \result == 1;
    ensures \result ==> out->pre_len <= SESP_VERSION_MAX_BYTES;
    ensures \result ==> out->pre_len == 0 || \valid_read(out->pre + (0 .. out->pre_len - 1)); */
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
  /*@ loop invariant at <= end && component <= 3 && version.pre_len == 0;
      loop assigns component, at, version.core[0 .. 3];
      loop variant 3 - component; */
  for (size_t component = 0;; component++) {
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

/*@ assigns \nothing;
    ensures -1 <= \result <= 1; */
static int sign_of(uint32_t a, uint32_t b) {
  if (a == b) {
    return 0;
  }
  return a < b ? -1 : 1;
}

/*@ requires \valid_read(text + (0 .. len - 1));
    assigns \nothing;
    ensures \result <= len; */
static size_t identifier_length(const char *text, size_t len) {
  size_t at = 0;
  /*@ loop invariant at <= len;
      loop assigns at;
      loop variant len - at; */
  while (at < len && text[at] != '.') {
    at++;
  }
  return at;
}

/*@ requires \valid_read(a + (0 .. a_len - 1)) && \valid_read(b + (0 .. b_len - 1));
    requires a_len <= SESP_VERSION_MAX_BYTES && b_len <= SESP_VERSION_MAX_BYTES;
    assigns \nothing;
    ensures -1 <= \result <= 1; */
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
  /*@ loop invariant at <= common;
      loop assigns at;
      loop variant common - at; */
  for (size_t at = 0; at < common; at++) {
    if (a[at] != b[at]) {
      return a[at] < b[at] ? -1 : 1;
    }
  }
  return sign_of((uint32_t)a_len, (uint32_t)b_len);
}

/*@ requires \valid_read(a) && \valid_read(b);
    requires a->pre_len <= SESP_VERSION_MAX_BYTES;
    requires a->pre_len == 0 || \valid_read(a->pre + (0 .. a->pre_len - 1));
    requires b->pre_len <= SESP_VERSION_MAX_BYTES;
    requires b->pre_len == 0 || \valid_read(b->pre + (0 .. b->pre_len - 1));
    assigns \nothing;
    ensures -1 <= \result <= 1; */
static int compare_pre(const sesp_version_t *a, const sesp_version_t *b) {
  size_t a_at = 0;
  size_t b_at = 0;
  if (a->pre_len == 0u || b->pre_len == 0u) {
    return sign_of(a->pre_len == 0u ? 1u : 0u, b->pre_len == 0u ? 1u : 0u);
  }
  /*@ loop invariant a_at <= a->pre_len + 1 && b_at <= b->pre_len + 1;
      loop assigns a_at, b_at;
      loop variant a->pre_len + 1 - a_at; */
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

/*@ requires \valid_read(a) && \valid_read(b);
    requires a->pre_len <= SESP_VERSION_MAX_BYTES;
    requires a->pre_len == 0 || \valid_read(a->pre + (0 .. a->pre_len - 1));
    requires b->pre_len <= SESP_VERSION_MAX_BYTES;
    requires b->pre_len == 0 || \valid_read(b->pre + (0 .. b->pre_len - 1));
    assigns \result \from *a, *b;
    ensures -1 <= \result <= 1; */
int sesp_version_compare(const sesp_version_t *a, const sesp_version_t *b) {
  /*@ loop invariant component <= 4;
      loop assigns component;
      loop variant 4 - component; */
  for (size_t component = 0; component < 4u; component++) {
    const int order = sign_of(a->core[component], b->core[component]);
    if (order != 0) {
      return order;
    }
  }
  const int pre = compare_pre(a, b);
  return pre != 0 ? pre : sign_of(a->commits, b->commits);
}
