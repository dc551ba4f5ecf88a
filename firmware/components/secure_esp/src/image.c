/* SPDX-License-Identifier: MIT */
/* Where an image in flash ends, and hashes of it. Reads through esp_partition, which decrypts. */
#include "esp_log.h"
#include "psa/crypto.h"
#include "sesp_idf.h"

#define HEADER_BYTES (24u)
#define SEGMENT_BYTES (8u)
#define SEGMENTS_MAX (16u)
#define MAGIC (0xE9u)
#define HASH_BYTES (32u)
#define BLOCK_BYTES (1024u)

static uint32_t u32_le(const uint8_t *at) {
  return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

bool sesp_idf_image_measure(const esp_partition_t *partition, uint32_t limit, sesp_idf_image_t *out) {
  uint8_t header[HEADER_BYTES];
  uint8_t segment[SEGMENT_BYTES];
  uint32_t at = HEADER_BYTES;
  if (limit > partition->size || limit < HEADER_BYTES ||
      esp_partition_read(partition, 0, header, sizeof(header)) != ESP_OK || header[0] != MAGIC || header[1] == 0u ||
      header[1] > SEGMENTS_MAX) {
    return false;
  }
  for (unsigned number = 0; number < header[1]; number++) {
    if (limit - at < SEGMENT_BYTES || esp_partition_read(partition, at, segment, sizeof(segment)) != ESP_OK) {
      return false;
    }
    const uint32_t len = u32_le(segment + 4);
    at += SEGMENT_BYTES;
    if (len % 4u != 0u || len > limit - at) {
      return false;
    }
    at += len;
  }
  /* Padded so that the checksum is the last byte of 16; `at` is below 16 MiB, so this does not wrap. */
  out->end = (at + 16u) / 16u * 16u;
  out->hash_appended = header[23] != 0u;
  return out->end <= limit && (!out->hash_appended || limit - out->end >= HASH_BYTES);
}

static psa_status_t add_all(psa_hash_operation_t *hash, const esp_partition_t *partition, uint32_t len) {
  /* Static: used before the tasks start and then on the worker only. */
  static uint8_t block[BLOCK_BYTES];
  psa_status_t status = PSA_SUCCESS;
  for (uint32_t at = 0; at < len && status == PSA_SUCCESS;) {
    const uint32_t piece = len - at < BLOCK_BYTES ? len - at : BLOCK_BYTES;
    if (esp_partition_read(partition, at, block, piece) != ESP_OK) {
      return PSA_ERROR_STORAGE_FAILURE;
    }
    status = psa_hash_update(hash, block, piece);
    at += piece;
  }
  return status;
}

esp_err_t sesp_idf_image_sha256(const esp_partition_t *partition, uint32_t len, uint8_t *out) {
  psa_hash_operation_t hash = PSA_HASH_OPERATION_INIT;
  size_t size = 0;
  psa_status_t status = psa_hash_setup(&hash, PSA_ALG_SHA_256);
  if (status == PSA_SUCCESS) {
    status = add_all(&hash, partition, len);
  }
  if (status == PSA_SUCCESS) {
    status = psa_hash_finish(&hash, out, HASH_BYTES, &size);
  }
  if (status != PSA_SUCCESS || size != HASH_BYTES) {
    (void)psa_hash_abort(&hash);
    ESP_LOGE(SESP_IDF_TAG, "an image cannot be hashed (%d)", (int)status);
    return ESP_FAIL;
  }
  return ESP_OK;
}
