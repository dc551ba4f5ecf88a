/* SPDX-License-Identifier: MIT */
/*
 * The core as Frama-C's Eva sees it: any configuration, a port that answers whatever it likes, and an endless sequence of
 * events in any order and of any content. Eva computes a superset of every state that this can reach and raises an alarm
 * wherever one of them might be undefined behaviour.
 */
#include "model.h"
#include "secure_esp_core.h"

#define TOPIC_BYTES (256u)
#define TEXT_BYTES (400u)
#define BODY_BYTES (4096u)

/* Longer than any topic_len: that a part of a topic ends within it is a contract of sesp_topic_match, which WP proves. */
static char topic[TOPIC_BYTES + SESP_CLIENT_ID_MAX_BYTES];
static char response_topic[TOPIC_BYTES + SESP_CLIENT_ID_MAX_BYTES];
static char text[TEXT_BYTES];
static char etag[TEXT_BYTES];
static uint8_t body[BODY_BYTES];
static uint8_t correlation[TOPIC_BYTES];
static uint8_t identity[SESP_IDENTITY_BYTES];
static char device_id[TEXT_BYTES];
static char url[TEXT_BYTES];
static char project[TEXT_BYTES];
static char version[TEXT_BYTES];
static char chip[TEXT_BYTES];
static sesp_core_t core;

static sesp_result_t perhaps_ok(void) {
  return perhaps() ? SESP_OK : SESP_ERR_PORT;
}

static uint64_t now_ms(void *ctx) {
  (void)ctx;
  return any_64 / 4u; /* not the next 146 million years */
}

static uint32_t random_u32(void *ctx) {
  (void)ctx;
  return any;
}

static sesp_result_t publish(void *ctx, const sesp_publish_t *message) {
  (void)ctx;
  look((const uint8_t *)message->topic, message->topic_len);
  look(message->payload, message->payload_len);
  if (message->correlation != NULL) {
    look(message->correlation, message->correlation_len);
  }
  return perhaps_ok();
}

static sesp_result_t subscribe(void *ctx, const char *filter, size_t len) {
  (void)ctx;
  look((const uint8_t *)filter, len);
  return perhaps_ok();
}

static sesp_kv_t kv_get(void *ctx, const char *key, uint8_t *out, size_t cap, size_t *out_len) {
  (void)ctx;
  look_text(key, TEXT_BYTES);
  if (!perhaps()) {
    return perhaps() ? SESP_KV_NOT_FOUND : perhaps() ? SESP_KV_TOO_SMALL : SESP_KV_FAILED;
  }
  scribble(out, cap);
  *out_len = below((uint32_t)cap + 1u);
  return SESP_KV_OK;
}

static sesp_result_t kv_set(void *ctx, const char *key, const uint8_t *value, size_t len) {
  (void)ctx;
  look_text(key, TEXT_BYTES);
  look(value, len);
  return perhaps_ok();
}

static sesp_result_t kv_erase(void *ctx, const char *key) {
  (void)ctx;
  look_text(key, TEXT_BYTES);
  return perhaps_ok();
}

static sesp_result_t download_start(void *ctx, const sesp_download_request_t *request) {
  (void)ctx;
  look_text(request->url, TEXT_BYTES);
  look_text(request->if_range, TEXT_BYTES);
  look_text(request->if_none_match, TEXT_BYTES);
  look_text(request->project, TEXT_BYTES);
  look_text(request->chip, TEXT_BYTES);
  look_text(request->version, TEXT_BYTES);
  look_text(request->image_hex, TEXT_BYTES);
  return perhaps_ok();
}

static void nothing(void *ctx) {
  (void)ctx;
}

static sesp_es256_t verify_es256(void *ctx, const char *kid_hex, const uint8_t *data, size_t len, const uint8_t *sig) {
  (void)ctx;
  look_text(kid_hex, TEXT_BYTES);
  look(data, len);
  look(sig, 64u);
  return (sesp_es256_t)any;
}

static sesp_result_t image_verify(void *ctx, const uint8_t *file_sha256) {
  (void)ctx;
  if (file_sha256 != NULL) {
    look(file_sha256, SESP_IDENTITY_BYTES);
  }
  return perhaps_ok();
}

static sesp_result_t boot(void *ctx) {
  (void)ctx;
  return perhaps_ok();
}

static sesp_health_t health(void *ctx) {
  (void)ctx;
  return (sesp_health_t)any;
}

static void log_line(void *ctx, sesp_log_level_t level, const char *line) {
  (void)ctx;
  (void)level;
  look_text(line, TEXT_BYTES);
}

static const sesp_port_t PORT = {
    .now_ms = now_ms,
    .unix_time_s = random_u32,
    .random_u32 = random_u32,
    .publish = publish,
    .subscribe = subscribe,
    .kv_get = kv_get,
    .kv_set = kv_set,
    .kv_erase = kv_erase,
    .download_start = download_start,
    .download_continue = nothing,
    .download_abort = nothing,
    .verify_es256 = verify_es256,
    .image_verify = image_verify,
    .boot_set = boot,
    .boot_confirm = boot,
    .boot_rollback = boot,
    .restart = nothing,
    .health = health,
    .log = log_line,
};

static sesp_config_t any_config(void) {
  sesp_config_t config;
  scribble_text(device_id, sizeof(device_id));
  scribble_text(url, sizeof(url));
  scribble_text(project, sizeof(project));
  scribble_text(version, sizeof(version));
  scribble_text(chip, sizeof(chip));
  config.device_id = perhaps() ? device_id : NULL;
  config.builtin_url = perhaps() ? url : NULL;
  config.project = perhaps() ? project : NULL;
  config.version = perhaps() ? version : NULL;
  config.chip = perhaps() ? chip : NULL;
  scribble(config.identity, sizeof(config.identity));
  config.chip_id = (uint16_t)any;
  config.secure_version = any;
  config.slot_size = any;
  config.boot_pending = perhaps();
  config.reset_reason = (sesp_status_reset_reason_t)any;
  config.default_interval_s = any;
  config.automatic_checks = perhaps();
  config.require_manifest = perhaps();
  config.broadcast_log = perhaps();
  config.broadcast_run_spread_s = any;
  config.confirm_deadline_s = any;
  config.confirm_offline_max_s = any;
  config.download_retries = (uint8_t)any;
  return config;
}

static void any_message(void) {
  sesp_inbound_t in;
  scribble((uint8_t *)topic, sizeof(topic));
  scribble((uint8_t *)response_topic, sizeof(response_topic));
  scribble(body, sizeof(body));
  scribble(correlation, sizeof(correlation));
  in.topic = perhaps() ? topic : NULL;
  in.topic_len = below(TOPIC_BYTES + 1u);
  in.payload_len = below(sizeof(body) + 1u);
  in.payload = body;
  in.retained = perhaps();
  in.response_topic = perhaps() ? response_topic : NULL;
  in.response_topic_len = below(TOPIC_BYTES + 1u);
  in.correlation = perhaps() ? correlation : NULL;
  in.correlation_len = below(sizeof(correlation) + 1u);
  sesp_on_message(&core, &in);
}

static void any_response(void) {
  sesp_download_response_t response;
  scribble_text(text, sizeof(text));
  scribble_text(etag, sizeof(etag));
  response.http_status = any;
  response.content_type = perhaps() ? text : NULL;
  response.content_length = (int64_t)any_64;
  response.etag = perhaps() ? etag : NULL;
  response.range_start = (int64_t)any_64;
  response.range_total = (int64_t)any_64;
  sesp_on_download_response(&core, &response);
}

static void any_event(void) {
  switch (any % 14u) {
    case 0:
      sesp_on_connected(&core);
      break;
    case 1:
      sesp_on_disconnected(&core);
      break;
    case 2:
      sesp_on_connect_failed(&core, (sesp_connect_failure_t)any);
      break;
    case 3:
      any_message();
      break;
    case 4:
      sesp_on_published(&core, any);
      break;
    case 5:
      sesp_on_tick(&core);
      break;
    case 6:
      (void)sesp_next_tick_ms(&core);
      break;
    case 7:
      any_response();
      break;
    case 8:
      scribble(body, sizeof(body));
      sesp_on_manifest(&core, perhaps() ? body : NULL, below(sizeof(body) + 1u));
      break;
    case 9:
      scribble(body, sizeof(body));
      /* Two calls: Eva looks at each by itself. */
      if (perhaps()) {
        sesp_on_image_header(&core, body, below(sizeof(body) + 1u));
      } else {
        sesp_on_image_header(&core, NULL, below(sizeof(body) + 1u));
      }
      break;
    case 10:
      sesp_on_download_progress(&core, any);
      break;
    case 11:
      sesp_on_download_complete(&core, any);
      break;
    case 12:
      sesp_on_download_failed(&core, (sesp_update_state_reason_t)any);
      break;
    default:
      scribble(identity, sizeof(identity));
      sesp_on_image_verified(&core, perhaps(), (sesp_update_state_reason_t)any, perhaps() ? identity : NULL);
      break;
  }
}

static void any_will(void) {
  static char will_topic[TOPIC_BYTES];
  static char will_payload[2u * TOPIC_BYTES];
  size_t topic_len = 0;
  size_t payload_len = 0;
  (void)sesp_will(&core, will_topic, below(sizeof(will_topic) + 1u), &topic_len, will_payload,
                  below(sizeof(will_payload) + 1u), &payload_len);
  look_text(sesp_running_version(&core), TEXT_BYTES);
}

void eva_main(void) {
  const sesp_config_t config = any_config();
  if (sesp_init(perhaps() ? &core : NULL, &config, &PORT) != SESP_OK) {
    return;
  }
  while (true) {
    any_will();
    any_event();
  }
}
