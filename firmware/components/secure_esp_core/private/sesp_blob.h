/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_blob.h
 * @brief Byte-exact records: little-endian integers, texts with a length byte, a form byte in front. No struct is ever
 *        stored as it lies in memory.
 */
#ifndef SESP_BLOB_H
#define SESP_BLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Largest record, bytes. */
#define SESP_BLOB_MAX_BYTES (352u)

typedef struct {
  uint8_t data[SESP_BLOB_MAX_BYTES];
  size_t len;
  size_t at; /* reading position */
  bool ok;   /* false once anything did not fit */
} sesp_blob_t;

void sesp_blob_begin(sesp_blob_t *blob);
void sesp_blob_put_u8(sesp_blob_t *blob, uint8_t value);
void sesp_blob_put_u32(sesp_blob_t *blob, uint32_t value);
void sesp_blob_put_bytes(sesp_blob_t *blob, const uint8_t *bytes, size_t len);
void sesp_blob_put_text(sesp_blob_t *blob, const char *text, size_t max);

/** Starts reading what was loaded into `data` and `len`. */
void sesp_blob_rewind(sesp_blob_t *blob);
uint8_t sesp_blob_get_u8(sesp_blob_t *blob);
uint32_t sesp_blob_get_u32(sesp_blob_t *blob);
void sesp_blob_get_bytes(sesp_blob_t *blob, uint8_t *out, size_t len);
/** Reads at most `max` bytes of printable ASCII into `max + 1` bytes: what ends up in an event must be fit for JSON. */
void sesp_blob_get_text(sesp_blob_t *blob, char *out, size_t max);
/** True if everything was read and nothing is left. */
bool sesp_blob_end(const sesp_blob_t *blob);

#endif
