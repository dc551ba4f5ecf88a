/* SPDX-License-Identifier: MIT */
/* What the core must know about this device: identity, running image, slots, options of menuconfig. */
#include <string.h>

#include "esp_app_desc.h"
#include "esp_log.h"
#include "esp_ota_ops.h"
#include "sdkconfig.h"
#include "sesp_idf.h"

/* Kconfig leaves a bool that is off undefined; this makes it 0 without a preprocessor conditional at each use. */
#define FLAG_PLACE_1 0,
#define FLAG_SECOND(ignored, value, ...) value
#define FLAG_PICK(place) FLAG_SECOND(place 1, 0, 0)
#define FLAG_EXPAND(value) FLAG_PICK(FLAG_PLACE_##value)
#define FLAG(option) (FLAG_EXPAND(option) != 0)

/* The descriptor's fields need no terminator when they are full. */
static char s_project[SESP_IMAGE_TEXT_MAX_BYTES + 1u];
static char s_version[SESP_VERSION_MAX_BYTES + 1u];

static void describe_image(sesp_config_t *out) {
  const esp_app_desc_t *const description = esp_app_get_description();
  (void)memcpy(s_project, description->project_name, SESP_IMAGE_TEXT_MAX_BYTES);
  (void)memcpy(s_version, description->version, SESP_VERSION_MAX_BYTES);
  out->project = s_project;
  out->version = s_version;
  out->secure_version = description->secure_version;
}

static esp_err_t hash_image(sesp_config_t *out) {
  sesp_idf_image_t image;
  const esp_partition_t *const running = esp_ota_get_running_partition();
  if (running == NULL || !sesp_idf_image_measure(running, running->size, &image)) {
    ESP_LOGE(SESP_IDF_TAG, "the running image cannot be read");
    return ESP_FAIL;
  }
  return sesp_idf_image_sha256(running, image.end, out->identity);
}

static void copy_options(sesp_config_t *out) {
  out->default_interval_s = CONFIG_SECURE_ESP_UPDATE_INTERVAL_S;
  out->automatic_checks = FLAG(CONFIG_SECURE_ESP_AUTOMATIC_CHECKS);
  out->require_manifest = FLAG(CONFIG_SECURE_ESP_REQUIRE_MANIFEST);
  out->broadcast_log = FLAG(CONFIG_SECURE_ESP_BROADCAST_LOG);
  out->broadcast_run_spread_s = CONFIG_SECURE_ESP_BROADCAST_RUN_SPREAD_S;
  out->confirm_deadline_s = CONFIG_SECURE_ESP_CONFIRM_DEADLINE_S;
  out->confirm_offline_max_s = CONFIG_SECURE_ESP_CONFIRM_OFFLINE_MAX_S;
  out->download_retries = CONFIG_SECURE_ESP_DOWNLOAD_RETRIES;
}

esp_err_t sesp_idf_facts(sesp_config_t *out) {
  const sesp_idf_identity_t *const identity = sesp_idf_identity();
  memset(out, 0, sizeof(*out));
  out->device_id = identity->device_id;
  out->builtin_url = identity->ota_url[0] != '\0' ? identity->ota_url : CONFIG_SECURE_ESP_FIRMWARE_UPGRADE_URL;
  out->chip = CONFIG_IDF_TARGET;
  out->chip_id = CONFIG_IDF_FIRMWARE_CHIP_ID;
  out->slot_size = sesp_idf_slot()->size;
  out->boot_pending = sesp_idf_boot_pending();
  out->reset_reason = sesp_idf_reset_reason();
  describe_image(out);
  copy_options(out);
  return hash_image(out);
}
