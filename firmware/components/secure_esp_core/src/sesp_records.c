/* SPDX-License-Identifier: MIT */
#include "sesp_records.h"

#include <string.h>

#include "sesp_blob.h"
#include "sesp_calls.h"
#include "sesp_config_defaults.h"

#define KEY_PENDING "pending"
#define KEY_INSTALLED "installed"
#define KEY_ATTEMPTS "attempts"
#define KEY_BLOCKED "blocked"
#define KEY_OUTCOME "outcome"
#define KEY_RUN "run"
#define KEY_SEQ "seq"
#define KEY_RESUME "resume"
#define KEY_CORRELATION "correlation"

#define NO_REASON (255u)

static sesp_kv_t load(const sesp_core_t *core, const char *key, sesp_blob_t *blob) {
  memset(blob, 0, sizeof(*blob));
  const sesp_kv_t result = sesp_call_kv_get(core, key, blob->data, sizeof(blob->data), &blob->len);
  if (result != SESP_KV_OK) {
    return result == SESP_KV_TOO_SMALL ? SESP_KV_NOT_FOUND : result;
  }
  sesp_blob_rewind(blob);
  return SESP_KV_OK;
}

static sesp_kv_t end(const sesp_blob_t *blob) {
  return sesp_blob_end(blob) ? SESP_KV_OK : SESP_KV_NOT_FOUND;
}

static sesp_result_t store(const sesp_core_t *core, const char *key, const sesp_blob_t *blob) {
  return blob->ok ? sesp_call_kv_set(core, key, blob->data, blob->len) : SESP_ERR_NO_SPACE;
}

static sesp_result_t erase(const sesp_core_t *core, const char *key) {
  return sesp_call_kv_erase(core, key);
}

sesp_kv_t sesp_load_pending(const sesp_core_t *core, sesp_pending_t *out) {
  sesp_blob_t blob;
  memset(out, 0, sizeof(*out));
  const sesp_kv_t result = load(core, KEY_PENDING, &blob);
  if (result != SESP_KV_OK) {
    return result;
  }
  out->run = sesp_blob_get_u32(&blob);
  out->stated = sesp_blob_get_u8(&blob) != 0u;
  out->failed = sesp_blob_get_u8(&blob) != 0u;
  sesp_blob_get_bytes(&blob, out->identity, SESP_IDENTITY_BYTES);
  sesp_blob_get_text(&blob, out->from, SESP_VERSION_MAX_BYTES);
  sesp_blob_get_text(&blob, out->to, SESP_VERSION_MAX_BYTES);
  sesp_blob_get_text(&blob, out->etag, SESP_ETAG_MAX_BYTES);
  return end(&blob);
}

sesp_result_t sesp_store_pending(const sesp_core_t *core, const sesp_pending_t *in) {
  sesp_blob_t blob;
  sesp_blob_begin(&blob);
  sesp_blob_put_u32(&blob, in->run);
  sesp_blob_put_u8(&blob, (uint8_t)(in->stated ? 1u : 0u));
  sesp_blob_put_u8(&blob, (uint8_t)(in->failed ? 1u : 0u));
  sesp_blob_put_bytes(&blob, in->identity, SESP_IDENTITY_BYTES);
  sesp_blob_put_text(&blob, in->from, SESP_VERSION_MAX_BYTES);
  sesp_blob_put_text(&blob, in->to, SESP_VERSION_MAX_BYTES);
  sesp_blob_put_text(&blob, in->etag, SESP_ETAG_MAX_BYTES);
  return store(core, KEY_PENDING, &blob);
}

sesp_kv_t sesp_load_installed(const sesp_core_t *core, sesp_installed_t *out) {
  sesp_blob_t blob;
  memset(out, 0, sizeof(*out));
  const sesp_kv_t result = load(core, KEY_INSTALLED, &blob);
  if (result != SESP_KV_OK) {
    return result;
  }
  sesp_blob_get_bytes(&blob, out->identity, SESP_IDENTITY_BYTES);
  sesp_blob_get_text(&blob, out->version, SESP_VERSION_MAX_BYTES);
  sesp_blob_get_text(&blob, out->etag, SESP_ETAG_MAX_BYTES);
  return end(&blob);
}

sesp_result_t sesp_store_installed(const sesp_core_t *core, const sesp_installed_t *in) {
  sesp_blob_t blob;
  sesp_blob_begin(&blob);
  sesp_blob_put_bytes(&blob, in->identity, SESP_IDENTITY_BYTES);
  sesp_blob_put_text(&blob, in->version, SESP_VERSION_MAX_BYTES);
  sesp_blob_put_text(&blob, in->etag, SESP_ETAG_MAX_BYTES);
  return store(core, KEY_INSTALLED, &blob);
}

sesp_kv_t sesp_load_attempts(const sesp_core_t *core, sesp_attempts_t *out) {
  sesp_blob_t blob;
  memset(out, 0, sizeof(*out));
  const sesp_kv_t result = load(core, KEY_ATTEMPTS, &blob);
  if (result != SESP_KV_OK) {
    return result;
  }
  sesp_blob_get_bytes(&blob, out->identity, SESP_IDENTITY_BYTES);
  out->run = sesp_blob_get_u32(&blob);
  out->count = sesp_blob_get_u8(&blob);
  return end(&blob);
}

sesp_result_t sesp_store_attempts(const sesp_core_t *core, const sesp_attempts_t *in) {
  sesp_blob_t blob;
  sesp_blob_begin(&blob);
  sesp_blob_put_bytes(&blob, in->identity, SESP_IDENTITY_BYTES);
  sesp_blob_put_u32(&blob, in->run);
  sesp_blob_put_u8(&blob, in->count);
  return store(core, KEY_ATTEMPTS, &blob);
}

sesp_kv_t sesp_load_blocked(const sesp_core_t *core, sesp_blocked_t *out) {
  sesp_blob_t blob;
  memset(out, 0, sizeof(*out));
  const sesp_kv_t result = load(core, KEY_BLOCKED, &blob);
  if (result != SESP_KV_OK) {
    return result;
  }
  sesp_blob_get_bytes(&blob, out->identity, SESP_IDENTITY_BYTES);
  sesp_blob_get_text(&blob, out->etag, SESP_ETAG_MAX_BYTES);
  return end(&blob);
}

sesp_result_t sesp_store_blocked(const sesp_core_t *core, const sesp_blocked_t *in) {
  sesp_blob_t blob;
  sesp_blob_begin(&blob);
  sesp_blob_put_bytes(&blob, in->identity, SESP_IDENTITY_BYTES);
  sesp_blob_put_text(&blob, in->etag, SESP_ETAG_MAX_BYTES);
  return store(core, KEY_BLOCKED, &blob);
}

/** Only these end a run; a record of anything else is damaged. */
static bool is_final(uint8_t state) {
  return state == (uint8_t)SESP_UPDATE_STATE_STATE_IDLE || state == (uint8_t)SESP_UPDATE_STATE_STATE_CONFIRMED ||
         state == (uint8_t)SESP_UPDATE_STATE_STATE_ROLLED_BACK || state == (uint8_t)SESP_UPDATE_STATE_STATE_FAILED;
}

sesp_kv_t sesp_load_outcome(const sesp_core_t *core, sesp_update_state_t *out) {
  sesp_blob_t blob;
  memset(out, 0, sizeof(*out));
  const sesp_kv_t result = load(core, KEY_OUTCOME, &blob);
  if (result != SESP_KV_OK) {
    return result;
  }
  out->run = sesp_blob_get_u32(&blob);
  const uint8_t state = sesp_blob_get_u8(&blob);
  const uint8_t reason = sesp_blob_get_u8(&blob);
  out->to_is_null = sesp_blob_get_u8(&blob) == 0u;
  sesp_blob_get_text(&blob, out->from, SESP_VERSION_MAX_BYTES);
  sesp_blob_get_text(&blob, out->to, SESP_VERSION_MAX_BYTES);
  out->bytes = sesp_blob_get_u32(&blob);
  out->total = sesp_blob_get_u32(&blob);
  if (!is_final(state) || (reason != NO_REASON && reason >= (uint8_t)SESP_UPDATE_STATE_REASON_COUNT)) {
    return SESP_KV_NOT_FOUND;
  }
  out->state = (sesp_update_state_state_t)state;
  out->reason_is_null = reason == NO_REASON;
  out->reason = (sesp_update_state_reason_t)(out->reason_is_null ? 0u : reason);
  return end(&blob);
}

sesp_result_t sesp_store_outcome(const sesp_core_t *core, const sesp_update_state_t *in) {
  sesp_blob_t blob;
  sesp_blob_begin(&blob);
  sesp_blob_put_u32(&blob, in->run);
  sesp_blob_put_u8(&blob, (uint8_t)in->state);
  sesp_blob_put_u8(&blob, in->reason_is_null ? (uint8_t)NO_REASON : (uint8_t)in->reason);
  sesp_blob_put_u8(&blob, (uint8_t)(in->to_is_null ? 0u : 1u));
  sesp_blob_put_text(&blob, in->from, SESP_VERSION_MAX_BYTES);
  sesp_blob_put_text(&blob, in->to, in->to_is_null ? 0u : SESP_VERSION_MAX_BYTES);
  sesp_blob_put_u32(&blob, in->bytes);
  sesp_blob_put_u32(&blob, in->total);
  return store(core, KEY_OUTCOME, &blob);
}

static sesp_kv_t load_u32(const sesp_core_t *core, const char *key, uint32_t *out) {
  sesp_blob_t blob;
  const sesp_kv_t result = load(core, key, &blob);
  if (result != SESP_KV_OK) {
    return result;
  }
  *out = sesp_blob_get_u32(&blob);
  return end(&blob);
}

static sesp_result_t store_u32(const sesp_core_t *core, const char *key, uint32_t value) {
  sesp_blob_t blob;
  sesp_blob_begin(&blob);
  sesp_blob_put_u32(&blob, value);
  return store(core, key, &blob);
}

sesp_kv_t sesp_load_run_counter(const sesp_core_t *core, uint32_t *out) {
  return load_u32(core, KEY_RUN, out);
}

sesp_result_t sesp_store_run_counter(const sesp_core_t *core, uint32_t value) {
  return store_u32(core, KEY_RUN, value);
}

sesp_kv_t sesp_load_highest_seq(const sesp_core_t *core, uint32_t *out) {
  return load_u32(core, KEY_SEQ, out);
}

sesp_result_t sesp_store_highest_seq(const sesp_core_t *core, uint32_t value) {
  return store_u32(core, KEY_SEQ, value);
}

sesp_kv_t sesp_load_resume(const sesp_core_t *core, sesp_resume_t *out) {
  sesp_blob_t blob;
  memset(out, 0, sizeof(*out));
  const sesp_kv_t result = load(core, KEY_RESUME, &blob);
  if (result != SESP_KV_OK) {
    return result;
  }
  sesp_blob_get_bytes(&blob, out->running, SESP_IDENTITY_BYTES);
  sesp_blob_get_text(&blob, out->etag, SESP_ETAG_MAX_BYTES);
  out->has_sha256 = sesp_blob_get_u8(&blob) != 0u;
  sesp_blob_get_bytes(&blob, out->sha256, SESP_IDENTITY_BYTES);
  out->total = sesp_blob_get_u32(&blob);
  out->offset = sesp_blob_get_u32(&blob);
  const bool sound = out->offset > 0u && out->offset < out->total && out->offset % SESP_SECTOR_BYTES == 0u;
  return sound ? end(&blob) : SESP_KV_NOT_FOUND;
}

sesp_result_t sesp_store_resume(const sesp_core_t *core, const sesp_resume_t *in) {
  sesp_blob_t blob;
  sesp_blob_begin(&blob);
  sesp_blob_put_bytes(&blob, in->running, SESP_IDENTITY_BYTES);
  sesp_blob_put_text(&blob, in->etag, SESP_ETAG_MAX_BYTES);
  sesp_blob_put_u8(&blob, (uint8_t)(in->has_sha256 ? 1u : 0u));
  sesp_blob_put_bytes(&blob, in->sha256, SESP_IDENTITY_BYTES);
  sesp_blob_put_u32(&blob, in->total);
  sesp_blob_put_u32(&blob, in->offset);
  return store(core, KEY_RESUME, &blob);
}

sesp_kv_t sesp_load_correlation(const sesp_core_t *core, sesp_correlation_t *out) {
  sesp_blob_t blob;
  memset(out, 0, sizeof(*out));
  const sesp_kv_t result = load(core, KEY_CORRELATION, &blob);
  if (result != SESP_KV_OK) {
    return result;
  }
  const uint8_t next = sesp_blob_get_u8(&blob);
  if (next >= SESP_CORRELATION_SLOTS) {
    return SESP_KV_NOT_FOUND;
  }
  out->next = next;
  for (size_t slot = 0; slot < SESP_CORRELATION_SLOTS; slot++) {
    const uint8_t len = sesp_blob_get_u8(&blob);
    if (len > SESP_CORRELATION_MAX_BYTES) {
      return SESP_KV_NOT_FOUND;
    }
    out->len[slot] = len;
    sesp_blob_get_bytes(&blob, out->data[slot], len);
  }
  return end(&blob);
}

sesp_result_t sesp_store_correlation(const sesp_core_t *core, const sesp_correlation_t *in) {
  sesp_blob_t blob;
  sesp_blob_begin(&blob);
  sesp_blob_put_u8(&blob, in->next);
  for (size_t slot = 0; slot < SESP_CORRELATION_SLOTS; slot++) {
    sesp_blob_put_u8(&blob, in->len[slot]);
    sesp_blob_put_bytes(&blob, in->data[slot], in->len[slot]);
  }
  return store(core, KEY_CORRELATION, &blob);
}

sesp_result_t sesp_erase_pending(const sesp_core_t *core) {
  return erase(core, KEY_PENDING);
}

sesp_result_t sesp_erase_attempts(const sesp_core_t *core) {
  return erase(core, KEY_ATTEMPTS);
}

sesp_result_t sesp_erase_blocked(const sesp_core_t *core) {
  return erase(core, KEY_BLOCKED);
}

sesp_result_t sesp_erase_resume(const sesp_core_t *core) {
  return erase(core, KEY_RESUME);
}
