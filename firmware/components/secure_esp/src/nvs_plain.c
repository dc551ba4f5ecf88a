/* SPDX-License-Identifier: MIT */
#include "nvs_flash.h"
#include "sesp_idf.h"

esp_err_t sesp_idf_nvs_init_partition(const char *label) {
  return nvs_flash_init_partition(label);
}
