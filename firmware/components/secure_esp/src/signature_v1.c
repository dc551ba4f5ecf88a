/* SPDX-License-Identifier: MIT */
/* Scheme v1 (ESP32, ECDSA P-256): version 0, r and s right behind the image. */
#include "sdkconfig.h"
#include "sesp_idf.h"

#ifndef CONFIG_SECURE_SIGNED_ON_UPDATE
#error "signed apps are configured, but not verified on update: set CONFIG_SECURE_SIGNED_ON_UPDATE_NO_SECURE_BOOT=y"
#endif

#define BLOCK_BYTES (68u)

sesp_update_state_reason_t sesp_idf_signature_reason(const esp_partition_t *partition, uint32_t image_len) {
  uint8_t block[BLOCK_BYTES];
  bool blank = true;
  if (image_len > partition->size || partition->size - image_len < BLOCK_BYTES) {
    return SESP_UPDATE_STATE_REASON_UNSIGNED;
  }
  if (esp_partition_read(partition, image_len, block, sizeof(block)) != ESP_OK) {
    return SESP_UPDATE_STATE_REASON_FLASH;
  }
  for (size_t at = 0; at < sizeof(block); at++) {
    blank = blank && block[at] == 0xFFu;
  }
  const bool is_version_0 = block[0] == 0u && block[1] == 0u && block[2] == 0u && block[3] == 0u;
  /* The key is built into this image: which one signed the other cannot be told. */
  return blank || !is_version_0 ? SESP_UPDATE_STATE_REASON_UNSIGNED : SESP_UPDATE_STATE_REASON_BAD_SIGNATURE;
}
