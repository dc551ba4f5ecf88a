/* SPDX-License-Identifier: MIT */
/*
 * Verifies what was downloaded, on the worker: the hash of the file, the structure, the appended hash, and last what the
 * bootloader would do (esp_image_verify), which includes the signature when signed apps are configured. What is refused
 * is spoilt, so that no bootloader ever falls back to it.
 */
#include <string.h>

#include "esp_flash_partitions.h"
#include "esp_image_format.h"
#include "esp_log.h"
#include "sesp_idf.h"

#define HASH_BYTES (32u)
#define STUCK_MS (300000u)

static sesp_idf_verdict_t s_verdict;

/** Constant time is not needed: nothing here is secret. */
static bool same(const uint8_t *a, const uint8_t *b) {
  return memcmp(a, b, HASH_BYTES) == 0;
}

/** @return true and `reason` untouched when the file is the announced one */
static bool file_is_good(const sesp_idf_job_t *job, sesp_update_state_reason_t *reason) {
  uint8_t hash[HASH_BYTES];
  if (!job->has_sha256) {
    return true;
  }
  if (sesp_idf_image_sha256(sesp_idf_slot(), job->file_bytes, hash) != ESP_OK) {
    *reason = SESP_UPDATE_STATE_REASON_FLASH;
    return false;
  }
  *reason = SESP_UPDATE_STATE_REASON_BAD_HASH;
  return same(hash, job->sha256);
}

/** Fills in the identity. */
static bool hash_is_good(const sesp_idf_image_t *image, sesp_update_state_reason_t *reason) {
  uint8_t appended[HASH_BYTES];
  *reason = SESP_UPDATE_STATE_REASON_FLASH;
  if (sesp_idf_image_sha256(sesp_idf_slot(), image->end, s_verdict.identity) != ESP_OK) {
    return false;
  }
  if (!image->hash_appended) {
    return true;
  }
  if (esp_partition_read(sesp_idf_slot(), image->end, appended, sizeof(appended)) != ESP_OK) {
    return false;
  }
  *reason = SESP_UPDATE_STATE_REASON_BAD_HASH;
  return same(appended, s_verdict.identity);
}

static bool bootloader_takes_it(const sesp_idf_image_t *image, sesp_update_state_reason_t *reason) {
  /* About 400 bytes of segment tables; a static one keeps the stack for the signature. */
  static esp_image_metadata_t metadata;
  const esp_partition_t *const slot = sesp_idf_slot();
  const esp_partition_pos_t position = {.offset = slot->address, .size = slot->size};
  memset(&metadata, 0, sizeof(metadata));
  const esp_err_t error = esp_image_verify(ESP_IMAGE_VERIFY, &position, &metadata);
  if (error == ESP_OK) {
    return true;
  }
  ESP_LOGE(SESP_IDF_TAG, "the image is refused: %s", esp_err_to_name(error));
  *reason = error == ESP_ERR_IMAGE_FLASH_FAIL
                ? SESP_UPDATE_STATE_REASON_FLASH
                : sesp_idf_signature_reason(slot, image->end + (image->hash_appended ? HASH_BYTES : 0u));
  return false;
}

static bool judge(const sesp_idf_job_t *job, sesp_update_state_reason_t *reason) {
  sesp_idf_image_t image;
  if (!file_is_good(job, reason)) {
    return false;
  }
  if (!sesp_idf_image_measure(sesp_idf_slot(), job->file_bytes, &image)) {
    *reason = SESP_UPDATE_STATE_REASON_NOT_AN_IMAGE;
    return false;
  }
  return hash_is_good(&image, reason) && bootloader_takes_it(&image, reason);
}

void sesp_idf_verify_run(const sesp_idf_job_t *job) {
  sesp_idf_watchdog_allow(SESP_IDF_WATCH_WORKER, STUCK_MS);
  memset(&s_verdict, 0, sizeof(s_verdict));
  s_verdict.reason = SESP_UPDATE_STATE_REASON_NOT_AN_IMAGE;
  s_verdict.valid = judge(job, &s_verdict.reason);
  if (!s_verdict.valid && s_verdict.reason != SESP_UPDATE_STATE_REASON_FLASH) {
    sesp_idf_slot_spoil();
  }
  const sesp_idf_event_t event = {.kind = SESP_IDF_EVENT_VERIFIED, .job = job->id, .data = &s_verdict};
  (void)sesp_idf_job_post(&event);
}
