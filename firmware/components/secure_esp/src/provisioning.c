/* SPDX-License-Identifier: MIT */
/*
 * Who this device is: the NVS partition that `secure-esp provision` writes. Read once, but for what enrolment may change
 * (credentials.c). Nothing of it is ever logged but the names of keys.
 */
#include <stdlib.h>
#include <string.h>

#include "esp_log.h"
#include "nvs.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

#define NAMESPACE "secure_esp"
#define FORMAT (1u)

static sesp_idf_identity_t s_identity;

const sesp_idf_identity_t *sesp_idf_identity(void) {
  return &s_identity;
}

static esp_err_t complain(const char *key, esp_err_t error) {
  ESP_LOGE(SESP_IDF_TAG, "provisioning: key \"%s\": %s", key, esp_err_to_name(error));
  return error == ESP_ERR_NVS_NOT_FOUND ? ESP_ERR_NOT_FOUND : error;
}

/** A mandatory text of any length, on the heap. */
static esp_err_t load_pem(nvs_handle_t nvs, const char *key, const char **out) {
  size_t size = 0;
  esp_err_t error = nvs_get_str(nvs, key, NULL, &size);
  if (error != ESP_OK) {
    return complain(key, error);
  }
  if (size < 2u || size > SESP_IDF_PEM_MAX_BYTES) {
    return complain(key, ESP_ERR_INVALID_SIZE);
  }
  char *const text = malloc(size);
  if (text == NULL) {
    return complain(key, ESP_ERR_NO_MEM);
  }
  error = nvs_get_str(nvs, key, text, &size);
  if (error != ESP_OK) {
    free(text);
    return complain(key, error);
  }
  *out = text;
  return ESP_OK;
}

/** A short text; `fallback` when it is absent, NULL = it must be there. */
static esp_err_t load_text(nvs_handle_t nvs, const char *key, const char *fallback, char *out, size_t cap) {
  size_t size = cap;
  const esp_err_t error = nvs_get_str(nvs, key, out, &size);
  if (error == ESP_ERR_NVS_NOT_FOUND && fallback != NULL) {
    return strlcpy(out, fallback, cap) < cap ? ESP_OK : complain(key, ESP_ERR_INVALID_SIZE);
  }
  if (error == ESP_ERR_NVS_INVALID_LENGTH) {
    return complain(key, ESP_ERR_INVALID_SIZE);
  }
  return error == ESP_OK ? ESP_OK : complain(key, error);
}

static esp_err_t load_release_key(nvs_handle_t nvs, const char *key, size_t at) {
  size_t len = SESP_IDF_SPKI_MAX_BYTES;
  const esp_err_t error = nvs_get_blob(nvs, key, s_identity.release_keys[at].spki, &len);
  if (error == ESP_ERR_NVS_NOT_FOUND) {
    s_identity.release_keys[at].len = 0;
    return ESP_OK;
  }
  if (error != ESP_OK) {
    return complain(key, error == ESP_ERR_NVS_INVALID_LENGTH ? ESP_ERR_INVALID_SIZE : error);
  }
  s_identity.release_keys[at].len = len;
  return ESP_OK;
}

static esp_err_t load_format(nvs_handle_t nvs) {
  uint8_t format = 0;
  const esp_err_t error = nvs_get_u8(nvs, "format", &format);
  if (error != ESP_OK) {
    return complain("format", error);
  }
  return format == FORMAT ? ESP_OK : complain("format", ESP_ERR_NOT_SUPPORTED);
}

static esp_err_t load_all(nvs_handle_t nvs) {
  sesp_idf_identity_t *const id = &s_identity;
  esp_err_t error = load_format(nvs);
  if (error == ESP_OK) {
    error = load_text(nvs, "device_id", NULL, id->device_id, sizeof(id->device_id));
  }
  if (error == ESP_OK) {
    error = load_text(nvs, "broker_url", CONFIG_SECURE_ESP_BROKER_URI, id->broker_url, sizeof(id->broker_url));
  }
  if (error == ESP_OK) {
    error = load_text(nvs, "ota_url", "", id->ota_url, sizeof(id->ota_url));
  }
  if (error == ESP_OK) {
    error = load_pem(nvs, "server_ca", &id->server_ca);
  }
  if (error == ESP_OK) {
    error = load_release_key(nvs, "release_key_1", 0);
  }
  if (error == ESP_OK) {
    error = load_release_key(nvs, "release_key_2", 1);
  }
  return error;
}

static esp_err_t open_partition(nvs_handle_t *out) {
  const esp_err_t error = nvs_open_from_partition(SESP_IDF_PROVISIONING, NAMESPACE, NVS_READONLY, out);
  if (error != ESP_OK) {
    ESP_LOGE(SESP_IDF_TAG, "provisioning: partition \"%s\": %s", SESP_IDF_PROVISIONING, esp_err_to_name(error));
    return error == ESP_ERR_NVS_NOT_FOUND || error == ESP_ERR_NVS_PART_NOT_FOUND ? ESP_ERR_NOT_FOUND : error;
  }
  return ESP_OK;
}

esp_err_t sesp_idf_provisioning_text(const char *key, const char **out) {
  nvs_handle_t nvs;
  esp_err_t error = open_partition(&nvs);
  if (error == ESP_OK) {
    error = load_pem(nvs, key, out);
    nvs_close(nvs);
  }
  return error;
}

esp_err_t sesp_idf_provisioning_load(void) {
  nvs_handle_t nvs;
  size_t size = 0;
  esp_err_t error = sesp_idf_nvs_init_partition(SESP_IDF_PROVISIONING);
  if (error != ESP_OK) {
    ESP_LOGE(SESP_IDF_TAG, "provisioning: partition \"%s\": %s", SESP_IDF_PROVISIONING, esp_err_to_name(error));
    return error == ESP_ERR_NVS_PART_NOT_FOUND ? ESP_ERR_NOT_FOUND : error;
  }
  error = open_partition(&nvs);
  if (error != ESP_OK) {
    return error;
  }
  error = load_all(nvs);
  s_identity.enrols = nvs_get_str(nvs, "est_url", NULL, &size) == ESP_OK;
  nvs_close(nvs);
  return error;
}
