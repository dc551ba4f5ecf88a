/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "secure_esp_core.h"
#include "sesp_internal.h"
#include "sesp_text.h"

#define SPREAD_MAX_S (86400u)
#define DEADLINE_MIN_S (60u)
#define DEADLINE_MAX_S (86400u)
#define OFFLINE_MAX_S (604800u)
#define RETRIES_MAX (20u)
#define CHIP_MAX_BYTES (sizeof(((sesp_status_t *)0)->as.online_true.chip) - 1u)

/* Hosts number reasons as the contract lists them. */
_Static_assert(SESP_UPDATE_STATE_REASON_NONE_NEWER == 0, "reasons are counted from 0");
_Static_assert(SESP_IMAGE_TEXT_MAX_BYTES == SESP_VERSION_MAX_BYTES, "a descriptor's version fits a version");
_Static_assert(sizeof(((sesp_update_state_t *)0)->from) == SESP_VERSION_MAX_BYTES + 1u, "update/state.from");
_Static_assert(sizeof(((sesp_update_state_t *)0)->to) == SESP_VERSION_MAX_BYTES + 1u, "update/state.to");
_Static_assert(sizeof(((sesp_manifest_t *)0)->version) == SESP_VERSION_MAX_BYTES + 1u, "manifest.version");
_Static_assert(sizeof(((sesp_manifest_t *)0)->image) == SESP_IDENTITY_HEX + 1u, "manifest.image");
_Static_assert(sizeof(((sesp_settings_t *)0)->url) == sizeof(((sesp_update_url_t *)0)->value), "settings.url");
/* The README states the same number. */
_Static_assert(sizeof(sesp_core_t) <= 3072u, "a core takes more than 3 KiB");

static bool is_between(uint32_t value, uint32_t min, uint32_t max) {
  return value >= min && value <= max;
}

static bool is_chip(const char *chip) {
  const size_t len = sesp_text_length(chip, CHIP_MAX_BYTES + 1u);
  return len <= CHIP_MAX_BYTES && sesp_device_id_valid(chip, len);
}

static bool is_url_or_empty(const char *url) {
  sesp_update_url_t decoded;
  const size_t len = sesp_text_length(url, sizeof(decoded.value));
  return len == 0u || sesp_update_url_decode((const uint8_t *)url, len, &decoded) == SESP_CODEC_OK;
}

static bool is_interval(uint32_t seconds) {
  char text[16];
  size_t len = 0;
  const sesp_update_interval_t interval = {seconds};
  return sesp_update_interval_encode(&interval, text, sizeof(text), &len) == SESP_CODEC_OK;
}

static bool is_valid(const sesp_config_t *config) {
  return sesp_device_id_valid(config->device_id,
                              sesp_text_length(config->device_id, SESP_DEVICE_ID_MAX_BYTES + 1u)) &&
         is_chip(config->chip) && is_url_or_empty(config->builtin_url) && is_interval(config->default_interval_s) &&
         sesp_text_length(config->project, SESP_IMAGE_TEXT_MAX_BYTES + 1u) <= SESP_IMAGE_TEXT_MAX_BYTES &&
         sesp_text_length(config->version, SESP_VERSION_MAX_BYTES + 1u) <= SESP_VERSION_MAX_BYTES &&
         (uint32_t)config->reset_reason < (uint32_t)SESP_STATUS_RESET_REASON_COUNT && config->slot_size > 0u &&
         config->broadcast_run_spread_s <= SPREAD_MAX_S &&
         is_between(config->confirm_deadline_s, DEADLINE_MIN_S, DEADLINE_MAX_S) &&
         is_between(config->confirm_offline_max_s, config->confirm_deadline_s, OFFLINE_MAX_S) &&
         config->download_retries <= RETRIES_MAX;
}

sesp_result_t sesp_init(sesp_core_t *core, const sesp_config_t *config, const sesp_port_t *port) {
  if (core == NULL || config == NULL || port == NULL || config->device_id == NULL || config->builtin_url == NULL ||
      config->project == NULL || config->version == NULL || config->chip == NULL) {
    return SESP_ERR_ARGUMENT;
  }
  if (!is_valid(config)) {
    return SESP_ERR_CONFIG;
  }
  memset(core, 0, sizeof(*core));
  core->config = *config;
  core->port = port;
  core->boot_ms = sesp_now(core);
  core->boot_id = sesp_call_random_u32(core);
  core->delayed_run_ms = SESP_NEVER_MS;
  core->restart_ms = SESP_NEVER_MS;
  core->flush_ms = SESP_NEVER_MS;
  core->confirm.connected_ms = SESP_NEVER_MS;
  sesp_settings_load(core);
  if (sesp_load_correlation(core, &core->correlation) != SESP_KV_OK) {
    memset(&core->correlation, 0, sizeof(core->correlation));
  }
  sesp_boot_resolve(core);
  sesp_schedule_first_check(core);
  return SESP_OK;
}

sesp_result_t sesp_will(const sesp_core_t *core, char *topic, size_t topic_cap, size_t *topic_len, char *payload,
                        size_t payload_cap, size_t *payload_len) {
  sesp_status_t offline;
  if (core == NULL || topic == NULL || topic_len == NULL || payload == NULL || payload_len == NULL) {
    return SESP_ERR_ARGUMENT;
  }
  memset(&offline, 0, sizeof(offline));
  offline.kind = SESP_STATUS_KIND_ONLINE_FALSE;
  if (sesp_topic_build(SESP_TOPIC_STATUS, SESP_SCOPE_DEVICE, core->config.device_id, NULL, topic, topic_cap,
                       topic_len) != SESP_CODEC_OK ||
      sesp_status_encode(&offline, payload, payload_cap, payload_len) != SESP_CODEC_OK) {
    return SESP_ERR_NO_SPACE;
  }
  return SESP_OK;
}

const char *sesp_running_version(const sesp_core_t *core) {
  return core->version;
}
