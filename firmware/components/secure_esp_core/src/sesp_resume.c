/* SPDX-License-Identifier: MIT */
/*
 * What of a file is in the other slot already. The record says so for one file, one running image and no more bytes than
 * are durable: it is written behind the progress and erased before the slot is written from its beginning, so power may be
 * lost anywhere. A store that fails costs time only: the file then starts from its beginning.
 */
#include <string.h>

#include "sesp_config_defaults.h"
#include "sesp_internal.h"
#include "sesp_text.h"

/** A strong tag (RFC 9110, 8.8.3) with something in it. A weak one does not promise the same bytes. */
/*@ requires \valid_read(etag + (0 .. SESP_ETAG_MAX_BYTES)); assigns \nothing; */
static bool is_strong(const char *etag) {
  const size_t len = sesp_text_length(etag, SESP_ETAG_MAX_BYTES);
  if (len < 3u || etag[0] != '"' || etag[len - 1u] != '"') {
    return false;
  }
  /*@ loop invariant 1 <= at <= len - 1;
      loop assigns at;
      loop variant len - at; */
  for (size_t at = 1; at < len - 1u; at++) {
    if (etag[at] <= ' ' || etag[at] == '"' || etag[at] > '~') {
      return false;
    }
  }
  return true;
}

/** The record is about the file that this run asks for. */
/*@ requires \valid_read(core) && \valid_read(record); assigns \nothing; */
static bool is_wanted(const sesp_core_t *core, const sesp_resume_t *record) {
  uint8_t announced[SESP_IDENTITY_BYTES] = {0};
  if (memcmp(record->running, core->config.identity, SESP_IDENTITY_BYTES) != 0 || !is_strong(record->etag) ||
      record->total > core->config.slot_size) {
    return false;
  }
  if (!core->offer.has_manifest) {
    return !record->has_sha256 && !core->config.require_manifest;
  }
  sesp_text_unhex(announced, sizeof(announced), core->offer.manifest.sha256);
  return record->has_sha256 && record->total == core->offer.manifest.size &&
         memcmp(record->sha256, announced, sizeof(announced)) == 0;
}

/*@ requires SESP_CORE_OK(core) && \valid_read(record) && \separated(core, record) &&
      record->etag[SESP_ETAG_MAX_BYTES] == 0;
    assigns core->offer.resume_from, core->offer.resume_total, core->offer.etag[0 .. SESP_ETAG_MAX_BYTES];
    ensures SESP_CORE_OK(core); */
static void use(sesp_core_t *core, const sesp_resume_t *record) {
  core->offer.resume_from = record->offset;
  core->offer.resume_total = record->total;
  memcpy(core->offer.etag, record->etag, sizeof(core->offer.etag));
}

void sesp_resume_plan(sesp_core_t *core) {
  sesp_resume_t record;
  core->offer.resume_from = 0;
  if (!core->offer.from_start && sesp_load_resume(core, &record) == SESP_KV_OK && is_wanted(core, &record)) {
    use(core, &record);
  }
}

bool sesp_resume_fits(const sesp_core_t *core, const sesp_download_response_t *response) {
  const uint32_t from = core->offer.resume_from;
  const uint32_t size = core->offer.resume_total;
  const int64_t start = (int64_t)from;
  const int64_t total = (int64_t)size;
  return response->range_start == start && response->range_total == total &&
         (response->content_length < 0 || response->content_length == total - start) && response->etag != NULL &&
         strcmp(response->etag, core->offer.etag) == 0;
}

/** How many bytes of the file a later request need not ask for. Never all: there has to be something to ask for. */
/*@ requires \valid_read(core); assigns \nothing; */
static uint32_t reusable(const sesp_core_t *core) {
  const uint32_t total = core->report.total;
  if (total == 0u || !is_strong(core->offer.etag)) {
    return 0;
  }
  const uint32_t bytes = core->report.bytes < total ? core->report.bytes : total - 1u;
  return bytes - bytes % SESP_SECTOR_BYTES;
}

/*@ requires \valid_read(core); assigns \nothing; */
static void store(const sesp_core_t *core, uint32_t offset) {
  sesp_resume_t record = {0};
  memcpy(record.running, core->config.identity, SESP_IDENTITY_BYTES);
  memcpy(record.etag, core->offer.etag, sizeof(record.etag));
  record.has_sha256 = core->offer.has_manifest;
  if (core->offer.has_manifest) {
    sesp_text_unhex(record.sha256, sizeof(record.sha256), core->offer.manifest.sha256);
  }
  record.total = core->report.total;
  record.offset = offset;
  /* If this fails, an older record or none is there: both are true as well. */
  (void)sesp_store_resume(core, &record);
}

void sesp_resume_keep(sesp_core_t *core, uint32_t step) {
  const uint32_t offset = reusable(core);
  if (offset <= core->offer.saved_bytes || offset - core->offer.saved_bytes < step) {
    return;
  }
  core->offer.saved_bytes = offset;
  store(core, offset);
}

sesp_result_t sesp_resume_forget(const sesp_core_t *core) {
  return sesp_erase_resume(core);
}
