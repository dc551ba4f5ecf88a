/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_calls.h
 * @brief Calls on the port, one function each: the only place where the core follows a function pointer.
 *
 * Their contracts are sesp_port.h's. Here they have names of their own, so that a prover can be told what each may do:
 * nothing that the core could see, as no `sesp_on_*` is called inside. That is not proved but what a port promises.
 * That texts end here is not in them: Eva shows it.
 */
#ifndef SESP_CALLS_H
#define SESP_CALLS_H

#include "secure_esp_core.h"

/*@ requires \valid_read(core); assigns \nothing; ensures \result <= SESP_CLOCK_MAX_MS; */
uint64_t sesp_call_now_ms(const sesp_core_t *core);
/*@ requires \valid_read(core); assigns \nothing; */
uint32_t sesp_call_unix_time_s(const sesp_core_t *core);
/*@ requires \valid_read(core); assigns \nothing; */
uint32_t sesp_call_random_u32(const sesp_core_t *core);
/*@ requires \valid_read(core) && \valid_read(message);
    requires \valid_read(message->topic + (0 .. message->topic_len - 1));
    requires \valid_read(message->payload + (0 .. message->payload_len - 1));
    assigns \nothing; */
sesp_result_t sesp_call_publish(const sesp_core_t *core, const sesp_publish_t *message);
/*@ requires \valid_read(core) && \valid_read(filter + (0 .. len - 1)); assigns \nothing; */
sesp_result_t sesp_call_subscribe(const sesp_core_t *core, const char *filter, size_t len);
/*@ requires \valid_read(core) && \valid(out + (0 .. cap - 1)) && \valid(out_len);
    requires \separated(out + (0 .. cap - 1), out_len);
    assigns out[0 .. cap - 1], *out_len;
    ensures \result == SESP_KV_OK ==> *out_len <= cap; */
sesp_kv_t sesp_call_kv_get(const sesp_core_t *core, const char *key, uint8_t *out, size_t cap, size_t *out_len);
/*@ requires \valid_read(core) && \valid_read(value + (0 .. len - 1)); assigns \nothing; */
sesp_result_t sesp_call_kv_set(const sesp_core_t *core, const char *key, const uint8_t *value, size_t len);
/*@ requires \valid_read(core); assigns \nothing; */
sesp_result_t sesp_call_kv_erase(const sesp_core_t *core, const char *key);
/*@ requires \valid_read(core) && \valid_read(request); assigns \nothing; */
sesp_result_t sesp_call_download_start(const sesp_core_t *core, const sesp_download_request_t *request);
/*@ requires \valid_read(core); assigns \nothing; */
void sesp_call_download_continue(const sesp_core_t *core);
/*@ requires \valid_read(core); assigns \nothing; */
void sesp_call_download_abort(const sesp_core_t *core);
/*@ requires \valid_read(core) && \valid_read(data + (0 .. len - 1)) && \valid_read(sig + (0 .. 63));
    assigns \nothing; */
sesp_es256_t sesp_call_verify_es256(const sesp_core_t *core, const char *kid_hex, const uint8_t *data,
                                    size_t len, const uint8_t *sig);
/*@ requires \valid_read(core);
    requires file_sha256 == \null || \valid_read(file_sha256 + (0 .. SESP_IDENTITY_BYTES - 1));
    assigns \nothing; */
sesp_result_t sesp_call_image_verify(const sesp_core_t *core, const uint8_t *file_sha256);
/*@ requires \valid_read(core); assigns \nothing; */
sesp_result_t sesp_call_boot_set(const sesp_core_t *core);
/*@ requires \valid_read(core); assigns \nothing; */
sesp_result_t sesp_call_boot_confirm(const sesp_core_t *core);
/*@ requires \valid_read(core); assigns \nothing; */
sesp_result_t sesp_call_boot_rollback(const sesp_core_t *core);
/*@ requires \valid_read(core); assigns \nothing; */
void sesp_call_restart(const sesp_core_t *core);
/*@ requires \valid_read(core); assigns \nothing; */
sesp_health_t sesp_call_health(const sesp_core_t *core);
/*@ requires \valid_read(core); assigns \nothing; */
void sesp_call_log(const sesp_core_t *core, sesp_log_level_t level, const char *text);

#endif
