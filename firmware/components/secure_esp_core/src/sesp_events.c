/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_config_defaults.h"
#include "sesp_internal.h"
#include "sesp_text.h"

_Static_assert(SESP_STATUS_MAX_BYTES <= SESP_EVENT_MAX_BYTES, "status does not fit the scratch buffer");
_Static_assert(SESP_SETTINGS_MAX_BYTES <= SESP_EVENT_MAX_BYTES, "settings do not fit the scratch buffer");
_Static_assert(SESP_UPDATE_STATE_MAX_BYTES <= SESP_EVENT_MAX_BYTES, "update/state does not fit the scratch buffer");

void sesp_events_mark(sesp_core_t *core, uint8_t dirty) {
  core->dirty = (uint8_t)(core->dirty | dirty);
}

static sesp_result_t send(sesp_core_t *core, sesp_topic_t topic, uint8_t qos, bool retain, size_t len,
                          uint32_t *token) {
  sesp_publish_t message;
  memset(&message, 0, sizeof(message));
  message.payload = (const uint8_t *)core->payload;
  message.payload_len = len;
  message.qos = qos;
  message.retain = retain;
  const sesp_result_t result = sesp_send(core, topic, SESP_SCOPE_DEVICE, NULL, &message);
  if (result == SESP_OK) {
    *token = message.token;
  }
  return result;
}

static sesp_result_t send_status(sesp_core_t *core) {
  sesp_status_t status;
  size_t len = 0;
  memset(&status, 0, sizeof(status));
  status.kind = SESP_STATUS_KIND_ONLINE_TRUE;
  sesp_text_printable(status.as.online_true.project, sizeof(status.as.online_true.project), core->config.project);
  sesp_text_printable(status.as.online_true.version, sizeof(status.as.online_true.version), core->version);
  sesp_text_printable(status.as.online_true.chip, sizeof(status.as.online_true.chip), core->config.chip);
  status.as.online_true.boot_id = core->boot_id;
  status.as.online_true.reset_reason = core->config.reset_reason;
  status.as.online_true.protocol = (uint16_t)SESP_PROTOCOL_VERSION;
  memcpy(status.as.online_true.contract, SESP_CONTRACT_HASH, sizeof(SESP_CONTRACT_HASH));
  if (sesp_status_encode(&status, core->payload, sizeof(core->payload), &len) != SESP_CODEC_OK) {
    return SESP_ERR_ARGUMENT;
  }
  return send(core, SESP_TOPIC_STATUS, SESP_TOPIC_STATUS_QOS, SESP_TOPIC_STATUS_RETAIN, len, &core->status_token);
}

static sesp_result_t send_settings(sesp_core_t *core) {
  sesp_settings_t settings;
  size_t len = 0;
  uint32_t ignored = 0;
  memset(&settings, 0, sizeof(settings));
  settings.url_is_null = core->settings.url[0] == '\0';
  memcpy(settings.url, core->settings.url, sizeof(core->settings.url));
  settings.use_url = core->settings.use_url;
  settings.interval = core->settings.interval_s;
  if (sesp_settings_encode(&settings, core->payload, sizeof(core->payload), &len) != SESP_CODEC_OK) {
    return SESP_ERR_ARGUMENT;
  }
  return send(core, SESP_TOPIC_SETTINGS, SESP_TOPIC_SETTINGS_QOS, SESP_TOPIC_SETTINGS_RETAIN, len, &ignored);
}

static sesp_result_t send_state(sesp_core_t *core) {
  size_t len = 0;
  if (sesp_update_state_encode(&core->report, core->payload, sizeof(core->payload), &len) != SESP_CODEC_OK) {
    return SESP_ERR_ARGUMENT;
  }
  const sesp_result_t result = send(core, SESP_TOPIC_UPDATE_STATE, SESP_TOPIC_UPDATE_STATE_QOS,
                                    SESP_TOPIC_UPDATE_STATE_RETAIN, len, &core->state_token);
  if (result == SESP_OK && core->phase == SESP_PHASE_REBOOTING) {
    core->restart_token = core->state_token;
  }
  return result;
}

static sesp_result_t subscribe_all(sesp_core_t *core) {
  sesp_result_t result = SESP_OK;
  while (result == SESP_OK && sesp_subscribe_next(core, &result)) {
  }
  return result;
}

/** Runs `step` if it is marked. False when the port did not take it. An event that cannot be encoded is dropped. */
static bool flush_one(sesp_core_t *core, uint8_t bit, sesp_result_t (*step)(sesp_core_t *core)) {
  if (core->dirty / bit % 2u == 0u) {
    return true;
  }
  const sesp_result_t result = step(core);
  if (result == SESP_ERR_PORT) {
    return false;
  }
  core->dirty = (uint8_t)(core->dirty - bit);
  if (result != SESP_OK) {
    sesp_call_log(core, SESP_LOG_ERROR, "secure_esp: [ERROR] an event could not be encoded");
  }
  return true;
}

void sesp_events_flush(sesp_core_t *core) {
  core->flush_ms = SESP_NEVER_MS;
  if (!core->connected || core->dirty == 0u) {
    return;
  }
  const bool done = flush_one(core, SESP_DIRTY_SUBSCRIPTIONS, subscribe_all) &&
                    flush_one(core, SESP_DIRTY_STATUS, send_status) &&
                    flush_one(core, SESP_DIRTY_SETTINGS, send_settings) &&
                    flush_one(core, SESP_DIRTY_STATE, send_state);
  if (!done) {
    core->flush_ms = sesp_now(core) + SESP_FLUSH_RETRY_MS;
  }
}
