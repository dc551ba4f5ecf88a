/* SPDX-License-Identifier: MIT */
#include "sesp_jws.h"

#define INVALID (64u)

/*@ assigns \nothing;
    ensures \result <= 64; */
static uint32_t digit_value(uint8_t c) {
  if (c >= (uint8_t)'A' && c <= (uint8_t)'Z') {
    return (uint32_t)c - (uint32_t)'A';
  }
  if (c >= (uint8_t)'a' && c <= (uint8_t)'z') {
    return (uint32_t)c - (uint32_t)'a' + 26u;
  }
  if (c >= (uint8_t)'0' && c <= (uint8_t)'9') {
    return (uint32_t)c - (uint32_t)'0' + 52u;
  }
  if (c == (uint8_t)'-') {
    return 62u;
  }
  return c == (uint8_t)'_' ? 63u : INVALID;
}

/*@ requires from <= len && \valid_read(bytes + (0 .. len - 1));
    assigns \nothing;
    ensures from <= \result <= len; */
static size_t find_dot(const uint8_t *bytes, size_t from, size_t len) {
  size_t at = from;
  /*@ loop invariant from <= at <= len;
      loop assigns at;
      loop variant len - at; */
  while (at < len && bytes[at] != (uint8_t)'.') {
    at++;
  }
  return at;
}

/*@ requires len <= 65535 && \valid(jws + (0 .. len - 1)) && \valid(out) && \separated(jws + (0 .. len - 1), out);
    assigns *out;
    ensures \result ==> out->signing_input == jws && out->signing_input_len <= len;
    ensures \result ==> out->header == jws && out->header_len <= len;
    ensures \result ==> \valid_read(out->header + (0 .. out->header_len - 1));
    ensures \result ==> \valid(out->payload + (0 .. out->payload_len - 1)) && out->payload_len <= len;
    ensures \result ==> \valid_read(out->signature + (0 .. out->signature_len - 1)) && out->signature_len <= len;
    ensures \result ==> \separated(out->payload + (0 .. out->payload_len - 1), out); */
bool sesp_jws_split(uint8_t *jws, size_t len, sesp_jws_t *out) {
  const size_t first = find_dot(jws, 0, len);
  if (first == 0u || first >= len) {
    return false;
  }
  const size_t second = find_dot(jws, first + 1u, len);
  if (second == first + 1u || second + 1u >= len || find_dot(jws, second + 1u, len) != len) {
    return false;
  }
  out->signing_input = jws;
  out->signing_input_len = second;
  out->header = jws;
  out->header_len = first;
  out->payload = jws + first + 1u;
  out->payload_len = second - first - 1u;
  out->signature = jws + second + 1u;
  out->signature_len = len - second - 1u;
  return true;
}

/*@ requires len <= 65535 && \valid_read(in + (0 .. len - 1)) && \valid(out + (0 .. capacity - 1)) && \valid(out_len);
    requires \separated(out_len, in + (0 .. len - 1)) && \separated(out_len, out + (0 .. capacity - 1));
    assigns out[0 .. capacity - 1] \from in[0 .. len - 1];
    assigns *out_len \from len;
    assigns \result \from in[0 .. len - 1], len, capacity;
    ensures \result ==> *out_len <= capacity && *out_len <= len; */
bool sesp_base64url_decode(const uint8_t *in, size_t len, uint8_t *out, size_t capacity, size_t *out_len) {
  const size_t rest = len % 4u;
  const size_t decoded = len / 4u * 3u + (rest == 0u ? 0u : rest - 1u);
  size_t written = 0;
  uint32_t value = 0; /* the digits of the current group, most significant first */
  if (rest == 1u || decoded > capacity) {
    return false;
  }
  /*@ loop invariant at <= len && written == at / 4 * 3;
      loop invariant at % 4 == 0 ==> value == 0;
      loop invariant at % 4 == 1 ==> value < 64;
      loop invariant at % 4 == 2 ==> value < 4096;
      loop invariant at % 4 == 3 ==> value < 262144;
      loop assigns at, written, value, out[0 .. capacity - 1];
      loop variant len - at; */
  for (size_t at = 0; at < len; at++) {
    const uint32_t digit = digit_value(in[at]);
    if (digit == INVALID) {
      return false;
    }
    value = value * 64u + digit;
    if (at % 4u == 3u) {
      out[written] = (uint8_t)(value / 65536u);
      out[written + 1u] = (uint8_t)(value / 256u % 256u);
      out[written + 2u] = (uint8_t)(value % 256u);
      written += 3u;
      value = 0;
    }
  }
  if (rest == 2u) {
    if (value % 16u != 0u) {
      return false;
    }
    out[written] = (uint8_t)(value / 16u);
  } else if (rest == 3u) {
    if (value % 4u != 0u) {
      return false;
    }
    out[written] = (uint8_t)(value / 1024u);
    out[written + 1u] = (uint8_t)(value / 4u % 256u);
  }
  *out_len = decoded;
  return true;
}
