/* SPDX-License-Identifier: MIT */
/**
 * @file sesp_records.h
 * @brief What survives a restart, one key-value entry per record. Each entry is written whole or not at all.
 */
#ifndef SESP_RECORDS_H
#define SESP_RECORDS_H

#include "secure_esp_core.h"

/** Settings are stored as the payloads that set them, so the contract's decoder is the only judge of both. */
#define SESP_KEY_URL "url"
#define SESP_KEY_USE_URL "use_url"
#define SESP_KEY_INTERVAL "interval"

/** Texts end. */
#define SESP_PENDING_OK(record)                                                                       \
  ((record)->from[SESP_VERSION_MAX_BYTES] == 0 && (record)->to[SESP_VERSION_MAX_BYTES] == 0 && \
   (record)->etag[SESP_ETAG_MAX_BYTES] == 0)

/** An image that boots next or booted last and is not confirmed. Its presence means an update is under way. */
typedef struct {
  uint32_t run;
  bool stated; /* `to` comes from a manifest and is the image's version, whatever its descriptor says */
  bool failed; /* the image itself gave up: no excuse of a power loss */
  uint8_t identity[SESP_IDENTITY_BYTES];
  char from[SESP_VERSION_MAX_BYTES + 1u];
  char to[SESP_VERSION_MAX_BYTES + 1u];
  char etag[SESP_ETAG_MAX_BYTES + 1u];
} sesp_pending_t;

/** What is known about the confirmed image beyond its descriptor. */
typedef struct {
  uint8_t identity[SESP_IDENTITY_BYTES];
  char version[SESP_VERSION_MAX_BYTES + 1u]; /* stated by a manifest; "" = the descriptor's counts */
  char etag[SESP_ETAG_MAX_BYTES + 1u];
} sesp_installed_t;

/** How often an image was rolled back by a power loss. */
typedef struct {
  uint8_t identity[SESP_IDENTITY_BYTES];
  uint32_t run; /* the last run that was counted: a repeated boot decision does not count twice */
  uint8_t count;
} sesp_attempts_t;

/** An image that is not installed again. */
typedef struct {
  uint8_t identity[SESP_IDENTITY_BYTES];
  char etag[SESP_ETAG_MAX_BYTES + 1u];
} sesp_blocked_t;

/** How much of a file the other slot holds. Never more than is durable there. */
typedef struct {
  uint8_t running[SESP_IDENTITY_BYTES];  /* the image that wrote it: another one does not know the slot */
  char etag[SESP_ETAG_MAX_BYTES + 1u];
  bool has_sha256; /* a manifest announced the file */
  uint8_t sha256[SESP_IDENTITY_BYTES];
  uint32_t total;  /* bytes of the whole file */
  uint32_t offset; /* durable ones: whole sectors, above 0, below `total` */
} sesp_resume_t;

/*
 * Loading: SESP_KV_OK, SESP_KV_NOT_FOUND (also for an entry in a form that is not ours) or SESP_KV_FAILED. A struct is
 * set in any case; its value counts only with SESP_KV_OK.
 */
/*@ requires \valid_read(core) && \valid(out) && \separated(core, out);
    assigns *out;
    ensures \result == SESP_KV_OK ==> SESP_PENDING_OK(out); */
sesp_kv_t sesp_load_pending(const sesp_core_t *core, sesp_pending_t *out);
/*@ requires \valid_read(core) && \valid(out) && \separated(core, out);
    assigns *out;
    ensures \result == SESP_KV_OK ==> out->version[SESP_VERSION_MAX_BYTES] == 0 && out->etag[SESP_ETAG_MAX_BYTES] == 0; */
sesp_kv_t sesp_load_installed(const sesp_core_t *core, sesp_installed_t *out);
/*@ requires \valid_read(core) && \valid(out) && \separated(core, out); assigns *out; */
sesp_kv_t sesp_load_attempts(const sesp_core_t *core, sesp_attempts_t *out);
/*@ requires \valid_read(core) && \valid(out) && \separated(core, out);
    assigns *out;
    ensures \result == SESP_KV_OK ==> out->etag[SESP_ETAG_MAX_BYTES] == 0; */
sesp_kv_t sesp_load_blocked(const sesp_core_t *core, sesp_blocked_t *out);
/*@ requires \valid_read(core) && \valid(out) && \separated(core, out);
    assigns *out;
    ensures \result == SESP_KV_OK ==> out->from[SESP_VERSION_MAX_BYTES] == 0 && out->to[SESP_VERSION_MAX_BYTES] == 0; */
sesp_kv_t sesp_load_outcome(const sesp_core_t *core, sesp_update_state_t *out);
/*@ requires \valid_read(core) && \valid(out) && \separated(core, out); assigns *out; */
sesp_kv_t sesp_load_run_counter(const sesp_core_t *core, uint32_t *out);
/*@ requires \valid_read(core) && \valid(out) && \separated(core, out); assigns *out; */
sesp_kv_t sesp_load_highest_seq(const sesp_core_t *core, uint32_t *out);
/*@ requires \valid_read(core) && \valid(out) && \separated(core, out);
    assigns *out;
    ensures \result == SESP_KV_OK ==> out->etag[SESP_ETAG_MAX_BYTES] == 0; */
sesp_kv_t sesp_load_resume(const sesp_core_t *core, sesp_resume_t *out);
sesp_kv_t sesp_load_correlation(const sesp_core_t *core, sesp_correlation_t *out);

/*@ requires \valid_read(core) && \valid_read(in); assigns \nothing; */
sesp_result_t sesp_store_pending(const sesp_core_t *core, const sesp_pending_t *in);
/*@ requires \valid_read(core) && \valid_read(in); assigns \nothing; */
sesp_result_t sesp_store_installed(const sesp_core_t *core, const sesp_installed_t *in);
/*@ requires \valid_read(core) && \valid_read(in); assigns \nothing; */
sesp_result_t sesp_store_attempts(const sesp_core_t *core, const sesp_attempts_t *in);
/*@ requires \valid_read(core) && \valid_read(in); assigns \nothing; */
sesp_result_t sesp_store_blocked(const sesp_core_t *core, const sesp_blocked_t *in);
/*@ requires \valid_read(core) && \valid_read(in); assigns \nothing; */
sesp_result_t sesp_store_outcome(const sesp_core_t *core, const sesp_update_state_t *in);
/*@ requires \valid_read(core); assigns \nothing; */
sesp_result_t sesp_store_run_counter(const sesp_core_t *core, uint32_t value);
sesp_result_t sesp_store_highest_seq(const sesp_core_t *core, uint32_t value);
/*@ requires \valid_read(core) && \valid_read(in); assigns \nothing; */
sesp_result_t sesp_store_resume(const sesp_core_t *core, const sesp_resume_t *in);
/*@ requires \valid_read(core) && \valid_read(in); assigns \nothing; */
sesp_result_t sesp_store_correlation(const sesp_core_t *core, const sesp_correlation_t *in);

/*@ requires \valid_read(core); assigns \nothing; */
sesp_result_t sesp_erase_pending(const sesp_core_t *core);
/*@ requires \valid_read(core); assigns \nothing; */
sesp_result_t sesp_erase_attempts(const sesp_core_t *core);
/*@ requires \valid_read(core); assigns \nothing; */
sesp_result_t sesp_erase_blocked(const sesp_core_t *core);
/*@ requires \valid_read(core); assigns \nothing; */
sesp_result_t sesp_erase_resume(const sesp_core_t *core);

#endif
