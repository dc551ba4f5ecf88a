/* SPDX-License-Identifier: MIT */
#include "sesp_blob.h"

#include <string.h>

#include "sesp_text.h"

/** First byte of every record. A record of another form reads as absent. */
#define FORM (1u)

static bool reserve(sesp_blob_t *blob, size_t len) {
  if (blob->ok && len > SESP_BLOB_MAX_BYTES - blob->len) {
    blob->ok = false;
  }
  return blob->ok;
}

void sesp_blob_begin(sesp_blob_t *blob) {
  memset(blob, 0, sizeof(*blob));
  blob->ok = true;
  sesp_blob_put_u8(blob, FORM);
}

void sesp_blob_put_u8(sesp_blob_t *blob, uint8_t value) {
  sesp_blob_put_bytes(blob, &value, 1);
}

void sesp_blob_put_u32(sesp_blob_t *blob, uint32_t value) {
  const uint8_t bytes[4] = {(uint8_t)(value % 256u), (uint8_t)(value / 256u % 256u), (uint8_t)(value / 65536u % 256u),
                            (uint8_t)(value / 16777216u)};
  sesp_blob_put_bytes(blob, bytes, sizeof(bytes));
}

void sesp_blob_put_bytes(sesp_blob_t *blob, const uint8_t *bytes, size_t len) {
  if (reserve(blob, len)) {
    memcpy(blob->data + blob->len, bytes, len);
    blob->len += len;
  }
}

void sesp_blob_put_text(sesp_blob_t *blob, const char *text, size_t max) {
  const size_t len = sesp_text_length(text, max);
  sesp_blob_put_u8(blob, (uint8_t)len);
  sesp_blob_put_bytes(blob, (const uint8_t *)text, len);
}

void sesp_blob_rewind(sesp_blob_t *blob) {
  blob->at = 0;
  blob->ok = blob->len <= SESP_BLOB_MAX_BYTES;
  if (sesp_blob_get_u8(blob) != FORM) {
    blob->ok = false;
  }
}

void sesp_blob_get_bytes(sesp_blob_t *blob, uint8_t *out, size_t len) {
  if (blob->ok && len > blob->len - blob->at) {
    blob->ok = false;
  }
  if (!blob->ok) {
    memset(out, 0, len);
    return;
  }
  memcpy(out, blob->data + blob->at, len);
  blob->at += len;
}

uint8_t sesp_blob_get_u8(sesp_blob_t *blob) {
  uint8_t value = 0;
  sesp_blob_get_bytes(blob, &value, 1);
  return value;
}

uint32_t sesp_blob_get_u32(sesp_blob_t *blob) {
  uint8_t bytes[4];
  sesp_blob_get_bytes(blob, bytes, sizeof(bytes));
  return (uint32_t)bytes[0] + (uint32_t)bytes[1] * 256u + (uint32_t)bytes[2] * 65536u + (uint32_t)bytes[3] * 16777216u;
}

void sesp_blob_get_text(sesp_blob_t *blob, char *out, size_t max) {
  const size_t len = sesp_blob_get_u8(blob);
  memset(out, 0, max + 1u);
  if (!blob->ok || len > max) {
    blob->ok = false;
    return;
  }
  sesp_blob_get_bytes(blob, (uint8_t *)out, len);
  for (size_t at = 0; at < len; at++) {
    if (out[at] < ' ' || out[at] > '~') {
      blob->ok = false;
    }
  }
  if (!blob->ok) {
    out[0] = '\0';
  }
}

bool sesp_blob_end(const sesp_blob_t *blob) {
  return blob->ok && blob->at == blob->len;
}
