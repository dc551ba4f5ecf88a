/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_calls.h
 * @brief Calls on the port, one function each: the only place where the core follows a function pointer.
 *
 * Their contracts are sesp_port.h's. Here they have names of their own, so that a prover can be told what each may do.
 */
#ifndef SESP_CALLS_H
#define SESP_CALLS_H

#include "secure_esp_core.h"

uint64_t sesp_call_now_ms(const sesp_core_t *core);
uint32_t sesp_call_unix_time_s(const sesp_core_t *core);
uint32_t sesp_call_random_u32(const sesp_core_t *core);
sesp_result_t sesp_call_publish(const sesp_core_t *core, const sesp_publish_t *message);
sesp_result_t sesp_call_subscribe(const sesp_core_t *core, const char *filter, size_t len);
sesp_kv_t sesp_call_kv_get(const sesp_core_t *core, const char *key, uint8_t *out, size_t cap, size_t *out_len);
sesp_result_t sesp_call_kv_set(const sesp_core_t *core, const char *key, const uint8_t *value, size_t len);
sesp_result_t sesp_call_kv_erase(const sesp_core_t *core, const char *key);
sesp_result_t sesp_call_download_start(const sesp_core_t *core, const sesp_download_request_t *request);
void sesp_call_download_continue(const sesp_core_t *core);
void sesp_call_download_abort(const sesp_core_t *core);
sesp_es256_t sesp_call_verify_es256(const sesp_core_t *core, const char *kid_hex, const uint8_t *data,
                                    size_t len, const uint8_t *sig);
sesp_result_t sesp_call_image_verify(const sesp_core_t *core, const uint8_t *file_sha256);
sesp_result_t sesp_call_boot_set(const sesp_core_t *core);
sesp_result_t sesp_call_boot_confirm(const sesp_core_t *core);
sesp_result_t sesp_call_boot_rollback(const sesp_core_t *core);
void sesp_call_restart(const sesp_core_t *core);
sesp_health_t sesp_call_health(const sesp_core_t *core);
void sesp_call_log(const sesp_core_t *core, sesp_log_level_t level, const char *text);

#endif
