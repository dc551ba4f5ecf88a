/* SPDX-License-Identifier: MIT */
/**
 * @file protocol.h
 * @brief Short forms for tests of the generated codecs. Everything goes through the public API.
 */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdint.h>
#include <stdlib.h>

#include "check.h"
#include "secure_esp_protocol.h"

/** A payload and the verdict that its decoder must give. */
typedef struct {
  const char *payload;
  sesp_codec_t verdict;
} verdict_case_t;

#define HEX_64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/** A release manifest, and what is written behind its last required member. */
#define MANIFEST_JSON(rest)                                                                                    \
  "{\"seq\":7,\"exp\":1900000000,\"project\":\"secure_esp\",\"chip\":\"esp32c3\",\"version\":\"1.2.3\","             \
  "\"secureVersion\":0,\"size\":4294967295,\"sha256\":\"" HEX_64 "\",\"image\":\"" HEX_64 "\","                     \
  "\"url\":\"https://ota.example:8070/a.bin\"" rest "}"

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/** True if every byte is 0, as after a refusal. */
static inline bool is_zero(const void *memory, size_t size) {
  const uint8_t *bytes = memory;
  for (size_t at = 0; at < size; at++) {
    if (bytes[at] != 0u) {
      return false;
    }
  }
  return true;
}

/** Decodes a C string from a block of exactly its size into a struct that held something else before. */
#define DECODE(name, text, out) protocol_decode_##name((const uint8_t *)(text), strlen(text), (out))

/** Defines protocol_decode_<name>. */
#define DEFINE_DECODE(name)                                                                                    \
  static sesp_codec_t protocol_decode_##name(const uint8_t *data, size_t len, sesp_##name##_t *out) {          \
    uint8_t *const exact = malloc(len > 0u ? len : 1u);                                                        \
    if (exact == NULL) {                                                                                       \
      abort();                                                                                                 \
    }                                                                                                          \
    if (len > 0u) {                                                                                            \
      memcpy(exact, data, len);                                                                                \
    }                                                                                                          \
    memset(out, 0xA5, sizeof(*out));                                                                           \
    const sesp_codec_t verdict = sesp_##name##_decode(exact, len, out);                                        \
    free(exact);                                                                                               \
    check_report(verdict == SESP_CODEC_OK || is_zero(out, sizeof(*out)), "zeros after a refusal", __FILE__,    \
                 __LINE__);                                                                                    \
    return verdict;                                                                                            \
  }

/** Defines decides_<name>, for tables of verdicts. */
#define DEFINE_VERDICTS(name)                                                                                  \
  static void decides_##name(const verdict_case_t *cases, size_t count) {                                      \
    for (size_t at = 0; at < count; at++) {                                                                    \
      sesp_##name##_t value;                                                                                   \
      check_report(DECODE(name, cases[at].payload, &value) == cases[at].verdict, cases[at].payload, __FILE__,  \
                   __LINE__);                                                                                  \
    }                                                                                                          \
  }

/**
 * Defines round_trips_<name>: the text decodes, encodes to itself in a buffer of exactly its size, and in every smaller
 * one to NO_SPACE and the empty string.
 */
#define DEFINE_ROUND_TRIP(name)                                                                                \
  static void round_trips_##name(const char *text) {                                                           \
    const size_t needed = strlen(text) + 1u;                                                                   \
    sesp_##name##_t value;                                                                                     \
    check_report(DECODE(name, text, &value) == SESP_CODEC_OK, text, __FILE__, __LINE__);                       \
    for (size_t cap = 0; cap <= needed; cap++) {                                                               \
      char *const out = malloc(cap > 0u ? cap : 1u);                                                           \
      size_t len = 99;                                                                                         \
      if (out == NULL) {                                                                                       \
        abort();                                                                                               \
      }                                                                                                        \
      const sesp_codec_t verdict = sesp_##name##_encode(&value, cap > 0u ? out : NULL, cap, &len);             \
      const bool full = verdict == SESP_CODEC_OK && len + 1u == needed && strcmp(out, text) == 0;              \
      const bool none = verdict == SESP_CODEC_NO_SPACE && len == 0u && (cap == 0u || out[0] == '\0');          \
      check_report(cap == needed ? full : none, text, __FILE__, __LINE__);                                     \
      free(out);                                                                                               \
    }                                                                                                          \
    char roomy[SESP_MANIFEST_MAX_BYTES + 2u];                                                                  \
    check_report(sesp_##name##_encode(&value, roomy, sizeof(roomy), NULL) == SESP_CODEC_OK &&                  \
                     strcmp(roomy, text) == 0,                                                                 \
                 text, __FILE__, __LINE__);                                                                    \
  }

/** Defines encodes_<name>: the verdict of the encoder; after a fault the text is empty. */
#define DEFINE_ENCODE(name)                                                                                    \
  static sesp_codec_t encodes_##name(const sesp_##name##_t *value) {                                           \
    char out[SESP_MANIFEST_MAX_BYTES + 2u] = "old";                                                            \
    size_t len = 99;                                                                                           \
    const sesp_codec_t verdict = sesp_##name##_encode(value, out, sizeof(out), &len);                          \
    check_report(verdict == SESP_CODEC_OK ? strlen(out) == len : out[0] == '\0' && len == 0u,                  \
                 "terminated, or empty", __FILE__, __LINE__);                                                  \
    return verdict;                                                                                            \
  }

#endif
