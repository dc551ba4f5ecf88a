/* SPDX-License-Identifier: MIT */
/*
 * Scheme v2 (RSA-3072, ECDSA): a sector of up to three blocks behind the image, each with its key. The verdict is
 * esp_image_verify's; here only the reason is told apart: no key of the image signed the running one either.
 */
#include <string.h>

#include "esp_secure_boot.h"
#include "psa/crypto.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

#ifndef CONFIG_SECURE_SIGNED_ON_UPDATE
#error "signed apps are configured, but not verified on update: set CONFIG_SECURE_SIGNED_ON_UPDATE_NO_SECURE_BOOT=y"
#endif

#define BLOCKS (3u)
#define BLOCK_BYTES (1216u)
#define MAGIC (0xE7u)
#define VERSION_RSA (2u)
#define KEY_AT (36u)
#define RSA_KEY_BYTES (776u)
#define P256_KEY_BYTES (65u)
#define HASH_BYTES (32u)

/** SHA-256 of the key in a block, as the eFuses hold it. */
static bool key_digest(const uint8_t *block, uint8_t *out) {
  const size_t len = block[1] == VERSION_RSA ? RSA_KEY_BYTES : P256_KEY_BYTES;
  size_t size = 0;
  return psa_hash_compute(PSA_ALG_SHA_256, block + KEY_AT, len, out, HASH_BYTES, &size) == PSA_SUCCESS;
}

static bool is_trusted(const esp_image_sig_public_key_digests_t *trusted, const uint8_t *digest) {
  for (unsigned at = 0; at < trusted->num_digests; at++) {
    if (memcmp(trusted->key_digests[at], digest, HASH_BYTES) == 0) {
      return true;
    }
  }
  return false;
}

sesp_update_state_reason_t sesp_idf_signature_reason(const esp_partition_t *partition, uint32_t image_len) {
  static uint8_t block[KEY_AT + RSA_KEY_BYTES];
  static esp_image_sig_public_key_digests_t trusted;
  uint8_t digest[HASH_BYTES];
  bool is_signed = false;
  const uint32_t sector = (image_len + SESP_IDF_SECTOR_BYTES - 1u) / SESP_IDF_SECTOR_BYTES * SESP_IDF_SECTOR_BYTES;
  if (sector > partition->size || partition->size - sector < SESP_IDF_SECTOR_BYTES) {
    return SESP_UPDATE_STATE_REASON_UNSIGNED;
  }
  if (esp_secure_boot_get_signature_blocks_for_running_app(true, &trusted) != ESP_OK) {
    return SESP_UPDATE_STATE_REASON_UNTRUSTED_KEY;
  }
  for (uint32_t at = 0; at < BLOCKS; at++) {
    if (esp_partition_read(partition, sector + at * BLOCK_BYTES, block, sizeof(block)) != ESP_OK) {
      return SESP_UPDATE_STATE_REASON_FLASH;
    }
    if (block[0] != MAGIC) {
      break;
    }
    is_signed = true;
    if (key_digest(block, digest) && is_trusted(&trusted, digest)) {
      return SESP_UPDATE_STATE_REASON_BAD_SIGNATURE;
    }
  }
  return is_signed ? SESP_UPDATE_STATE_REASON_UNTRUSTED_KEY : SESP_UPDATE_STATE_REASON_UNSIGNED;
}
