/* SPDX-License-Identifier: MIT */
/* Flash with its rules (sectors are erased whole, a write only clears bits), otadata, and the image check. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boots.h"
#include "esp_image_format.h"
#include "esp_ota_ops.h"
#include "fake.h"
#include "fake_internal.h"
#include "images.h"

static const esp_partition_t slots[2] = {
    {.type = ESP_PARTITION_TYPE_APP, .subtype = ESP_PARTITION_SUBTYPE_APP_OTA_0, .address = 0x20000,
     .size = FAKE_SLOT_BYTES, .erase_size = FAKE_SECTOR_BYTES, .label = "ota_0"},
    {.type = ESP_PARTITION_TYPE_APP, .subtype = ESP_PARTITION_SUBTYPE_APP_OTA_1, .address = 0x20000 + FAKE_SLOT_BYTES,
     .size = FAKE_SLOT_BYTES, .erase_size = FAKE_SECTOR_BYTES, .label = "ota_1"},
};

void (*fake_flash_before_write)(size_t offset);

static unsigned slot_of(const esp_partition_t *partition) {
  if (partition != &slots[0] && partition != &slots[1]) {
    (void)fprintf(stderr, "a partition that there is not\n");
    abort();
  }
  return partition == &slots[1] ? 1u : 0u;
}

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype,
                                                const char *label) {
  (void)type;
  for (unsigned at = 0; at < 2u; at++) {
    if ((label == NULL && slots[at].subtype == subtype) || (label != NULL && strcmp(slots[at].label, label) == 0)) {
      return &slots[at];
    }
  }
  return NULL;
}

esp_err_t esp_partition_read(const esp_partition_t *partition, size_t src_offset, void *dst, size_t size) {
  FAKE_FAULT();
  if (src_offset > FAKE_SLOT_BYTES || size > FAKE_SLOT_BYTES - src_offset) {
    return ESP_ERR_INVALID_SIZE;
  }
  (void)memcpy(dst, &fake_chip->flash[slot_of(partition)][src_offset], size);
  return ESP_OK;
}

esp_err_t esp_partition_write(const esp_partition_t *partition, size_t dst_offset, const void *src, size_t size) {
  if (fake_flash_before_write != NULL) {
    fake_flash_before_write(dst_offset);
  }
  FAKE_FAULT();
  const unsigned slot = slot_of(partition);
  if (dst_offset > FAKE_SLOT_BYTES || size > FAKE_SLOT_BYTES - dst_offset) {
    return ESP_ERR_INVALID_SIZE;
  }
  if (slot == fake_chip->running) {
    return ESP_ERR_NOT_ALLOWED;
  }
  const uint8_t *bytes = src;
  for (size_t at = 0; at < size; at++) {
    uint8_t *cell = &fake_chip->flash[slot][dst_offset + at];
    if ((*cell & bytes[at]) != bytes[at]) {
      fake_chip->dirty_writes++;
    }
    *cell &= bytes[at];
  }
  for (size_t sector = dst_offset / FAKE_SECTOR_BYTES; size > 0u && sector <= (dst_offset + size - 1u) / FAKE_SECTOR_BYTES;
       sector++) {
    fake_chip->writes[slot][sector]++;
  }
  return ESP_OK;
}

esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t size) {
  FAKE_FAULT();
  const unsigned slot = slot_of(partition);
  if (offset % FAKE_SECTOR_BYTES != 0u || size % FAKE_SECTOR_BYTES != 0u) {
    return ESP_ERR_INVALID_ARG;
  }
  if (offset > FAKE_SLOT_BYTES || size > FAKE_SLOT_BYTES - offset) {
    return ESP_ERR_INVALID_SIZE;
  }
  if (slot == fake_chip->running) {
    return ESP_ERR_NOT_ALLOWED;
  }
  (void)memset(&fake_chip->flash[slot][offset], 0xFF, size);
  for (size_t sector = offset / FAKE_SECTOR_BYTES; sector < (offset + size) / FAKE_SECTOR_BYTES; sector++) {
    fake_chip->erases[slot][sector]++;
  }
  return ESP_OK;
}

esp_err_t esp_image_verify(esp_image_load_mode_t mode, const esp_partition_pos_t *part, esp_image_metadata_t *data) {
  (void)mode;
  FAKE_FAULT();
  const unsigned slot = part->offset == slots[1].address ? 1u : 0u;
  size_t len = 0;
  if (part->offset != slots[slot].address || part->size > FAKE_SLOT_BYTES) {
    return ESP_ERR_INVALID_ARG;
  }
  (void)memset(data, 0, sizeof(*data));
  if (!fake_image_valid(fake_chip->flash[slot], part->size, &len, data->image_digest)) {
    return ESP_ERR_IMAGE_INVALID;
  }
  data->start_addr = part->offset;
  data->image_len = (uint32_t)len;
  return ESP_OK;
}

esp_err_t esp_image_get_metadata(const esp_partition_pos_t *part, esp_image_metadata_t *metadata) {
  return esp_image_verify(ESP_IMAGE_VERIFY_SILENT, part, metadata);
}

const esp_partition_t *esp_ota_get_running_partition(void) { return &slots[fake_chip->running]; }
const esp_partition_t *esp_ota_get_boot_partition(void) { return &slots[fake_chip->boot]; }

const esp_partition_t *esp_ota_get_next_update_partition(const esp_partition_t *start_from) {
  if (fake_due(__func__) != ESP_OK) {
    return NULL;
  }
  return &slots[1u - (start_from == NULL ? fake_chip->running : slot_of(start_from))];
}

const esp_partition_t *esp_ota_get_last_invalid_partition(void) {
  for (unsigned slot = 0; slot < 2u; slot++) {
    if (fake_chip->state[slot] == ESP_OTA_IMG_ABORTED || fake_chip->state[slot] == ESP_OTA_IMG_INVALID) {
      return &slots[slot];
    }
  }
  return NULL;
}

esp_err_t esp_ota_get_state_partition(const esp_partition_t *partition, esp_ota_img_states_t *ota_state) {
  FAKE_FAULT();
  *ota_state = fake_chip->state[slot_of(partition)];
  return ESP_OK;
}

esp_err_t esp_ota_invalidate_inactive_ota_data_slot(void) {
  FAKE_FAULT();
  fake_chip->state[1u - fake_chip->running] = ESP_OTA_IMG_UNDEFINED;
  return ESP_OK;
}

esp_err_t esp_ota_set_boot_partition(const esp_partition_t *partition) {
  FAKE_FAULT();
  const unsigned slot = slot_of(partition);
  if (!fake_image_valid(fake_chip->flash[slot], FAKE_SLOT_BYTES, NULL, NULL)) {
    return ESP_ERR_OTA_VALIDATE_FAILED;
  }
  fake_chip->boot = slot;
  fake_chip->state[slot] = ESP_OTA_IMG_NEW;
  fake_chip->boot_sets++;
  return ESP_OK;
}

esp_err_t esp_ota_mark_app_valid_cancel_rollback(void) {
  FAKE_FAULT();
  fake_chip->state[fake_chip->running] = ESP_OTA_IMG_VALID;
  return ESP_OK;
}

bool esp_ota_check_rollback_is_possible(void) {
  return fake_image_valid(fake_chip->flash[1u - fake_chip->running], FAKE_SLOT_BYTES, NULL, NULL);
}

esp_err_t esp_ota_mark_app_invalid_rollback(void) {
  FAKE_FAULT();
  if (!esp_ota_check_rollback_is_possible()) {
    return ESP_ERR_OTA_ROLLBACK_FAILED;
  }
  fake_chip->state[fake_chip->running] = ESP_OTA_IMG_INVALID;
  fake_chip->boot = 1u - fake_chip->running;
  return ESP_OK;
}

esp_err_t esp_ota_mark_app_invalid_rollback_and_reboot(void) {
  const esp_err_t error = esp_ota_mark_app_invalid_rollback();
  if (error == ESP_OK) {
    esp_restart();
  }
  return error;
}

const esp_app_desc_t *esp_app_get_description(void) {
  static esp_app_desc_t description;
  (void)memcpy(&description, &fake_chip->flash[fake_chip->running][32], sizeof(description));
  return &description;
}
