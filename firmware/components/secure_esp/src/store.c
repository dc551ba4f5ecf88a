/* SPDX-License-Identifier: MIT */
/*
 * The core's keys and values: blobs in the default NVS partition. NVS writes a new blob whole before it drops the old
 * one, so power loss leaves one of the two. With CONFIG_NVS_ENCRYPTION nvs_flash_init() encrypts it.
 */
#include "esp_log.h"
#include "nvs.h"
#include "nvs_flash.h"
#include "sesp_idf.h"

#define NAMESPACE "secure_esp"

static nvs_handle_t s_nvs;

esp_err_t sesp_idf_store_open(void) {
  esp_err_t error = nvs_flash_init();
  if (error == ESP_ERR_NVS_NO_FREE_PAGES || error == ESP_ERR_NVS_NEW_VERSION_FOUND) {
    /* Nothing in it can be read any more; a device that stays away would be worse than one with default settings. */
    ESP_LOGW(SESP_IDF_TAG, "the NVS partition is of another format (%s): erased", esp_err_to_name(error));
    error = nvs_flash_erase();
    if (error == ESP_OK) {
      error = nvs_flash_init();
    }
  }
  return error == ESP_OK ? nvs_open(NAMESPACE, NVS_READWRITE, &s_nvs) : error;
}

sesp_kv_t sesp_idf_store_get(const char *key, uint8_t *out, size_t cap, size_t *out_len) {
  size_t len = cap;
  switch (nvs_get_blob(s_nvs, key, out, &len)) {
    case ESP_OK:
      *out_len = len;
      return SESP_KV_OK;
    case ESP_ERR_NVS_NOT_FOUND:
      return SESP_KV_NOT_FOUND;
    case ESP_ERR_NVS_INVALID_LENGTH:
      return SESP_KV_TOO_SMALL;
    default:
      return SESP_KV_FAILED;
  }
}

static sesp_result_t commit(esp_err_t error, const char *key) {
  if (error == ESP_OK) {
    error = nvs_commit(s_nvs);
  }
  if (error != ESP_OK) {
    ESP_LOGE(SESP_IDF_TAG, "key %s cannot be written: %s", key, esp_err_to_name(error));
    return SESP_ERR_PORT;
  }
  return SESP_OK;
}

sesp_result_t sesp_idf_store_set(const char *key, const uint8_t *value, size_t len) {
  return commit(nvs_set_blob(s_nvs, key, value, len), key);
}

sesp_result_t sesp_idf_store_erase(const char *key) {
  const esp_err_t error = nvs_erase_key(s_nvs, key);
  return error == ESP_ERR_NVS_NOT_FOUND ? SESP_OK : commit(error, key);
}
