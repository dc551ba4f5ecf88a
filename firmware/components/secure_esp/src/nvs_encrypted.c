/* SPDX-License-Identifier: MIT */
/* nvs_flash_init() encrypts the default partition only; any other one has to be opened with the same keys by hand. */
#include "nvs_flash.h"
#include "sesp_idf.h"

#include <string.h>

/** Overwrites keys also where the compiler sees no use of it. */
static void forget(nvs_sec_cfg_t *keys) {
  volatile uint8_t *const bytes = (volatile uint8_t *)keys;
  for (size_t at = 0; at < sizeof(*keys); at++) {
    bytes[at] = 0;
  }
}

esp_err_t sesp_idf_nvs_init_partition(const char *label) {
  nvs_sec_cfg_t keys;
  memset(&keys, 0, sizeof(keys));
  nvs_sec_scheme_t *const scheme = nvs_flash_get_default_security_scheme();
  if (scheme == NULL) {
    return ESP_ERR_INVALID_STATE;
  }
  /* Read only: keys that do not exist yet cannot have encrypted what was flashed. */
  esp_err_t error = nvs_flash_read_security_cfg_v2(scheme, &keys);
  if (error == ESP_OK) {
    error = nvs_flash_secure_init_partition(label, &keys);
  }
  forget(&keys);
  return error;
}
