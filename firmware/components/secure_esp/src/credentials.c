/* SPDX-License-Identifier: MIT */
/*
 * Certificate and key of the device. A renewal puts new ones in their place; the old ones stay in memory, since a
 * connection may still point to them, and a renewal is a matter of months.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "sesp_idf.h"

static _Atomic(const sesp_idf_credentials_t *) s_current;

const sesp_idf_credentials_t *sesp_idf_credentials(void) {
  return atomic_load(&s_current);
}

esp_err_t sesp_idf_credentials_load(void) {
  sesp_idf_credentials_t *const loaded = calloc(1, sizeof(*loaded));
  if (loaded == NULL) {
    return ESP_ERR_NO_MEM;
  }
  esp_err_t error = sesp_idf_provisioning_text("cert", &loaded->certificate);
  if (error == ESP_OK) {
    error = sesp_idf_provisioning_text("key", &loaded->private_key);
  }
  if (error != ESP_OK) {
    free((char *)(uintptr_t)loaded->certificate);
    free(loaded);
    return error;
  }
  atomic_store(&s_current, loaded);
  return ESP_OK;
}
