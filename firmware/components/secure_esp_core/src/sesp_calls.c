/* SPDX-License-Identifier: MIT */
#include "sesp_calls.h"

uint64_t sesp_call_now_ms(const sesp_core_t *core) {
  return core->port->now_ms(core->port->ctx);
}

uint32_t sesp_call_unix_time_s(const sesp_core_t *core) {
  return core->port->unix_time_s(core->port->ctx);
}

uint32_t sesp_call_random_u32(const sesp_core_t *core) {
  return core->port->random_u32(core->port->ctx);
}

sesp_result_t sesp_call_publish(const sesp_core_t *core, const sesp_publish_t *message) {
  return core->port->publish(core->port->ctx, message);
}

sesp_result_t sesp_call_subscribe(const sesp_core_t *core, const char *filter, size_t len) {
  return core->port->subscribe(core->port->ctx, filter, len);
}

sesp_kv_t sesp_call_kv_get(const sesp_core_t *core, const char *key, uint8_t *out, size_t cap, size_t *out_len) {
  return core->port->kv_get(core->port->ctx, key, out, cap, out_len);
}

sesp_result_t sesp_call_kv_set(const sesp_core_t *core, const char *key, const uint8_t *value, size_t len) {
  return core->port->kv_set(core->port->ctx, key, value, len);
}

sesp_result_t sesp_call_kv_erase(const sesp_core_t *core, const char *key) {
  return core->port->kv_erase(core->port->ctx, key);
}

sesp_result_t sesp_call_download_start(const sesp_core_t *core, const sesp_download_request_t *request) {
  return core->port->download_start(core->port->ctx, request);
}

void sesp_call_download_continue(const sesp_core_t *core) {
  core->port->download_continue(core->port->ctx);
}

void sesp_call_download_abort(const sesp_core_t *core) {
  core->port->download_abort(core->port->ctx);
}

sesp_es256_t sesp_call_verify_es256(const sesp_core_t *core, const char *kid_hex, const uint8_t *data,
                                    size_t len, const uint8_t *sig) {
  return core->port->verify_es256(core->port->ctx, kid_hex, data, len, sig);
}

sesp_result_t sesp_call_image_verify(const sesp_core_t *core, const uint8_t *file_sha256) {
  return core->port->image_verify(core->port->ctx, file_sha256);
}

sesp_result_t sesp_call_boot_set(const sesp_core_t *core) {
  return core->port->boot_set(core->port->ctx);
}

sesp_result_t sesp_call_boot_confirm(const sesp_core_t *core) {
  return core->port->boot_confirm(core->port->ctx);
}

sesp_result_t sesp_call_boot_rollback(const sesp_core_t *core) {
  return core->port->boot_rollback(core->port->ctx);
}

void sesp_call_restart(const sesp_core_t *core) {
  core->port->restart(core->port->ctx);
}

sesp_health_t sesp_call_health(const sesp_core_t *core) {
  return core->port->health(core->port->ctx);
}

void sesp_call_log(const sesp_core_t *core, sesp_log_level_t level, const char *text) {
  core->port->log(core->port->ctx, level, text);
}
