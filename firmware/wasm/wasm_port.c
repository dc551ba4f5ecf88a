/* SPDX-License-Identifier: MIT */
/*
 * The core behind a flat interface of numbers and pointers. Imports come from module "sesp"; the first argument of each
 * is the number that the host gave to sesp_wasm_create().
 */
#include "wasm_device.h"

#define IMPORT(name) __attribute__((import_module("sesp"), import_name(#name))) extern

IMPORT(now_ms) double host_now_ms(int32_t h);
IMPORT(unix_time_s) double host_unix_time_s(int32_t h);
IMPORT(random_u32) int32_t host_random_u32(int32_t h);
IMPORT(publish)
int32_t host_publish(int32_t h, uint32_t token, const char *topic, size_t topic_len, const uint8_t *payload,
                     size_t payload_len, int32_t qos, int32_t retain, const uint8_t *correlation,
                     size_t correlation_len);
IMPORT(subscribe) int32_t host_subscribe(int32_t h, const char *filter, size_t len);
IMPORT(kv_get) int32_t host_kv_get(int32_t h, const char *key, size_t key_len, uint8_t *out, size_t cap);
IMPORT(kv_set) int32_t host_kv_set(int32_t h, const char *key, size_t key_len, const uint8_t *value, size_t len);
IMPORT(kv_erase) int32_t host_kv_erase(int32_t h, const char *key, size_t key_len);
IMPORT(download_start)
int32_t host_download_start(int32_t h, const char *url, size_t url_len, const char *etag, size_t etag_len,
                            const char *project, size_t project_len, const char *chip, size_t chip_len,
                            const char *version, size_t version_len, const char *image, size_t image_len,
                            int32_t accept_manifest, uint32_t max_bytes, uint32_t resume_from, const char *if_range,
                            size_t if_range_len);
IMPORT(download_continue) void host_download_continue(int32_t h);
IMPORT(download_abort) void host_download_abort(int32_t h);
IMPORT(verify_es256)
int32_t host_verify_es256(int32_t h, const char *kid, const uint8_t *data, size_t len, const uint8_t *sig);
IMPORT(image_verify) int32_t host_image_verify(int32_t h, const uint8_t *sha256);
IMPORT(boot_set) int32_t host_boot_set(int32_t h);
IMPORT(boot_confirm) int32_t host_boot_confirm(int32_t h);
IMPORT(boot_rollback) int32_t host_boot_rollback(int32_t h);
IMPORT(restart) void host_restart(int32_t h);
IMPORT(health) int32_t host_health(int32_t h);
IMPORT(log) void host_log(int32_t h, int32_t level, const char *text, size_t len);

static int32_t host_of(void *ctx) {
  return ((const wasm_device_t *)ctx)->host;
}

static sesp_result_t result_of(int32_t code) {
  return code < 0 ? SESP_ERR_PORT : SESP_OK;
}

static uint64_t now_ms(void *ctx) {
  const double now = host_now_ms(host_of(ctx));
  return now > 0.0 ? (uint64_t)now : 0u;
}

static uint32_t unix_time_s(void *ctx) {
  const double seconds = host_unix_time_s(host_of(ctx));
  return seconds > 0.0 ? (uint32_t)seconds : 0u;
}

static uint32_t random_u32(void *ctx) {
  return (uint32_t)host_random_u32(host_of(ctx));
}

static sesp_result_t publish(void *ctx, const sesp_publish_t *message) {
  return result_of(host_publish(host_of(ctx), message->token, message->topic, message->topic_len, message->payload,
                                message->payload_len, message->qos, message->retain ? 1 : 0, message->correlation,
                                message->correlation_len));
}

static sesp_result_t subscribe(void *ctx, const char *filter, size_t len) {
  return result_of(host_subscribe(host_of(ctx), filter, len));
}

static sesp_kv_t kv_get(void *ctx, const char *key, uint8_t *out, size_t cap, size_t *out_len) {
  const int32_t len = host_kv_get(host_of(ctx), key, strlen(key), out, cap);
  if (len >= 0 && (size_t)len <= cap) {
    *out_len = (size_t)len;
    return SESP_KV_OK;
  }
  if (len == -1) {
    return SESP_KV_NOT_FOUND;
  }
  return len == -2 ? SESP_KV_TOO_SMALL : SESP_KV_FAILED;
}

static sesp_result_t kv_set(void *ctx, const char *key, const uint8_t *value, size_t len) {
  return result_of(host_kv_set(host_of(ctx), key, strlen(key), value, len));
}

static sesp_result_t kv_erase(void *ctx, const char *key) {
  return result_of(host_kv_erase(host_of(ctx), key, strlen(key)));
}

static sesp_result_t download_start(void *ctx, const sesp_download_request_t *request) {
  return result_of(host_download_start(
      host_of(ctx), request->url, strlen(request->url), request->if_none_match, strlen(request->if_none_match),
      request->project, strlen(request->project), request->chip, strlen(request->chip), request->version,
      strlen(request->version), request->image_hex, strlen(request->image_hex), request->accept_manifest ? 1 : 0,
      request->max_bytes, request->resume_from, request->if_range, strlen(request->if_range)));
}

static void download_continue(void *ctx) {
  host_download_continue(host_of(ctx));
}

static void download_abort(void *ctx) {
  host_download_abort(host_of(ctx));
}

static sesp_es256_t verify_es256(void *ctx, const char *kid_hex, const uint8_t *data, size_t len, const uint8_t *sig) {
  const int32_t verdict = host_verify_es256(host_of(ctx), kid_hex, data, len, sig);
  if (verdict == 1) {
    return SESP_ES256_OK;
  }
  return verdict == -1 ? SESP_ES256_UNKNOWN_KEY : SESP_ES256_BAD;
}

static sesp_result_t image_verify(void *ctx, const uint8_t *file_sha256) {
  return result_of(host_image_verify(host_of(ctx), file_sha256));
}

static sesp_result_t boot_set(void *ctx) {
  return result_of(host_boot_set(host_of(ctx)));
}

static sesp_result_t boot_confirm(void *ctx) {
  return result_of(host_boot_confirm(host_of(ctx)));
}

static sesp_result_t boot_rollback(void *ctx) {
  return result_of(host_boot_rollback(host_of(ctx)));
}

static void restart(void *ctx) {
  host_restart(host_of(ctx));
}

static sesp_health_t health(void *ctx) {
  const int32_t opinion = host_health(host_of(ctx));
  if (opinion == 1) {
    return SESP_HEALTH_GOOD;
  }
  return opinion == 2 ? SESP_HEALTH_BAD : SESP_HEALTH_WAIT;
}

static void log_line(void *ctx, sesp_log_level_t level, const char *text) {
  host_log(host_of(ctx), (int32_t)level, text, strlen(text));
}

void wasm_port_init(wasm_device_t *device) {
  const sesp_port_t port = {
      .ctx = device,
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
      .log = log_line,
  };
  device->port = port;
}
