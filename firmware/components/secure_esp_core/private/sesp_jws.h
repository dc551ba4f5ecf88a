/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_jws.h
 * @brief Compact JWS (RFC 7515) and base64url (RFC 4648 clause 5), strict: no padding, no white space, no stray bits.
 */
#ifndef SESP_JWS_H
#define SESP_JWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The three parts of a compact JWS, still encoded; they point into the input. */
typedef struct {
  const uint8_t *signing_input; /* header "." payload */
  size_t signing_input_len;
  const uint8_t *header;
  size_t header_len;
  uint8_t *payload;
  size_t payload_len;
  const uint8_t *signature;
  size_t signature_len;
} sesp_jws_t;

/** Finds the parts. False unless there are exactly two dots and no part is empty. */
bool sesp_jws_split(uint8_t *jws, size_t len, sesp_jws_t *out);

/**
 * Decodes base64url. `out` may be the input itself. False if the input is not canonical or the result longer than
 * `capacity`.
 */
bool sesp_base64url_decode(const uint8_t *in, size_t len, uint8_t *out, size_t capacity, size_t *out_len);

#endif
