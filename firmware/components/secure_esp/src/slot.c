/* SPDX-License-Identifier: MIT */
/*
 * The flash of the other image, by esp_partition rather than esp_ota_write: that one keeps the last bytes of an image in
 * memory until esp_ota_end while flash is encrypted, so that nobody could say what is durable; its resume writes into
 * sectors without erasing them unless the offset happens to begin one; and an aborted handle loses its place. What
 * esp_ota_begin checks besides holds here by construction: the slot is never the running one, and the core never
 * downloads while its own image awaits confirmation. esp_partition_write encrypts when the chip does.
 */
#include <string.h>

#include "esp_log.h"
#include "esp_ota_ops.h"
#include "sesp_idf.h"

/** The unit in which encrypted flash is written. */
#define CIPHER_BLOCK_BYTES (16u)

static const esp_partition_t *s_slot;

esp_err_t sesp_idf_slot_init(void) {
  s_slot = esp_ota_get_next_update_partition(NULL);
  if (s_slot == NULL || s_slot == esp_ota_get_running_partition() || s_slot->erase_size != SESP_IDF_SECTOR_BYTES) {
    ESP_LOGE(SESP_IDF_TAG, "the partition table needs two OTA slots");
    return ESP_ERR_NOT_FOUND;
  }
  return ESP_OK;
}

const esp_partition_t *sesp_idf_slot(void) {
  return s_slot;
}

/* As esp_ota_begin does: the bootloader shall not take what is overwritten now for the image of before. */
void sesp_idf_slot_begin(uint32_t offset) {
  if (offset == 0u) {
    (void)esp_ota_invalidate_inactive_ota_data_slot(); /* fails when there is nothing to forget */
  }
}

esp_err_t sesp_idf_slot_write(uint32_t offset, uint8_t *sector, size_t len) {
  if (len == 0u || len > SESP_IDF_SECTOR_BYTES || offset % SESP_IDF_SECTOR_BYTES != 0u || offset >= s_slot->size) {
    return ESP_ERR_INVALID_ARG;
  }
  const size_t padded = (len + CIPHER_BLOCK_BYTES - 1u) / CIPHER_BLOCK_BYTES * CIPHER_BLOCK_BYTES;
  memset(sector + len, 0xFF, padded - len);
  const esp_err_t error = esp_partition_erase_range(s_slot, offset, SESP_IDF_SECTOR_BYTES);
  return error == ESP_OK ? esp_partition_write(s_slot, offset, sector, padded) : error;
}

void sesp_idf_slot_spoil(void) {
  const esp_err_t error = esp_partition_erase_range(s_slot, 0, SESP_IDF_SECTOR_BYTES);
  if (error != ESP_OK) {
    ESP_LOGE(SESP_IDF_TAG, "the refused image cannot be erased: %s", esp_err_to_name(error));
  }
}
