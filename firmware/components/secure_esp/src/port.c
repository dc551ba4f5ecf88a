/* SPDX-License-Identifier: MIT */
/* The table that the core calls. What takes more than a line lives in the file named after its subject. */
#include <stdlib.h>

#include "esp_log.h"
#include "esp_random.h"
#include "esp_system.h"
#include "esp_timer.h"
#include "sesp_idf.h"

static secure_esp_config_t s_hooks;

uint64_t sesp_idf_now_ms(void) {
  return (uint64_t)esp_timer_get_time() / 1000u;
}

static uint64_t now_ms(void *ctx) {
  (void)ctx;
  return sesp_idf_now_ms();
}

static uint32_t unix_time_s(void *ctx) {
  (void)ctx;
  return sesp_idf_time_unix_s();
}

static uint32_t random_u32(void *ctx) {
  (void)ctx;
  return esp_random();
}

static sesp_result_t publish(void *ctx, const sesp_publish_t *message) {
  (void)ctx;
  return sesp_idf_publish(message);
}

static sesp_result_t subscribe(void *ctx, const char *filter, size_t len) {
  (void)ctx;
  return sesp_idf_subscribe(filter, len);
}

static sesp_kv_t kv_get(void *ctx, const char *key, uint8_t *out, size_t cap, size_t *out_len) {
  (void)ctx;
  return sesp_idf_store_get(key, out, cap, out_len);
}

static sesp_result_t kv_set(void *ctx, const char *key, const uint8_t *value, size_t len) {
  (void)ctx;
  return sesp_idf_store_set(key, value, len);
}

static sesp_result_t kv_erase(void *ctx, const char *key) {
  (void)ctx;
  return sesp_idf_store_erase(key);
}

static sesp_result_t download_start(void *ctx, const sesp_download_request_t *request) {
  (void)ctx;
  return sesp_idf_download_start(request);
}

static void download_continue(void *ctx) {
  (void)ctx;
  sesp_idf_download_continue();
}

static void download_abort(void *ctx) {
  (void)ctx;
  sesp_idf_download_abort();
}

static sesp_es256_t verify_es256(void *ctx, const char *kid_hex, const uint8_t *data, size_t len, const uint8_t *sig) {
  (void)ctx;
  return sesp_idf_verify_es256(kid_hex, data, len, sig);
}

static sesp_result_t image_verify(void *ctx, const uint8_t *file_sha256) {
  (void)ctx;
  return sesp_idf_image_verify(file_sha256);
}

static sesp_result_t boot_set(void *ctx) {
  (void)ctx;
  return sesp_idf_boot_set();
}

static sesp_result_t boot_confirm(void *ctx) {
  (void)ctx;
  return sesp_idf_boot_confirm();
}

static sesp_result_t boot_rollback(void *ctx) {
  (void)ctx;
  return sesp_idf_boot_rollback();
}

static void restart(void *ctx) {
  (void)ctx;
  if (s_hooks.before_restart != NULL) {
    s_hooks.before_restart(s_hooks.user);
  }
  esp_restart();
}

static sesp_health_t health(void *ctx) {
  (void)ctx;
  if (s_hooks.health == NULL) {
    return SESP_HEALTH_GOOD;
  }
  switch (s_hooks.health(s_hooks.user)) {
    case SECURE_ESP_HEALTH_GOOD:
      return SESP_HEALTH_GOOD;
    case SECURE_ESP_HEALTH_WAIT:
      return SESP_HEALTH_WAIT;
    case SECURE_ESP_HEALTH_BAD:
    default:
      return SESP_HEALTH_BAD;
  }
}

static void log_text(void *ctx, sesp_log_level_t level, const char *text) {
  (void)ctx;
  switch (level) {
    case SESP_LOG_SUCCESS:
      ESP_LOGI(SESP_IDF_TAG, "%s", text);
      break;
    case SESP_LOG_WARNING:
      ESP_LOGW(SESP_IDF_TAG, "%s", text);
      break;
    case SESP_LOG_ERROR:
    default:
      ESP_LOGE(SESP_IDF_TAG, "%s", text);
      break;
  }
}

const sesp_port_t *sesp_idf_port(const secure_esp_config_t *config) {
  static const sesp_port_t PORT = {
      .ctx = NULL,
      .now_ms = now_ms,
      .unix_time_s = unix_time_s,
      .random_u32 = random_u32,
      .publish = publish,
      .subscribe = subscribe,
      .kv_get = kv_get,
      .kv_set = kv_set,
      .kv_erase = kv_erase,
      .download_start = download_start,
      .download_continue = download_continue,
      .download_abort = download_abort,
      .verify_es256 = verify_es256,
      .image_verify = image_verify,
      .boot_set = boot_set,
      .boot_confirm = boot_confirm,
      .boot_rollback = boot_rollback,
      .restart = restart,
      .health = health,
      .log = log_text,
  };
  s_hooks = *config;
  return &PORT;
}
