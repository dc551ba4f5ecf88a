/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_internal.h"
#include "sesp_text.h"

/*@ requires \valid_read(core) && sesp_text_ok(version, SESP_VERSION_MAX_BYTES + 1);
    assigns \nothing;
    ensures -1 <= \result < SESP_UPDATE_STATE_REASON_COUNT; */
sesp_verdict_t sesp_offer_version(const sesp_core_t *core, const char *version, bool stated) {
  sesp_version_t offered;
  sesp_version_t running;
  if (!sesp_version_parse(version, sesp_text_length(version, SESP_VERSION_MAX_BYTES + 1u), &offered)) {
    return SESP_UPDATE_STATE_REASON_VERSION_UNPARSABLE;
  }
  if (!sesp_version_parse(core->version, sesp_text_length(core->version, SESP_VERSION_MAX_BYTES), &running)) {
    /* Builds with a useless descriptor could never be updated otherwise; a manifest vouches for the order. */
    return stated ? SESP_VERDICT_GOOD : (sesp_verdict_t)SESP_UPDATE_STATE_REASON_VERSION_UNPARSABLE;
  }
  const int order = sesp_version_compare(&offered, &running);
  if (order == 0) {
    return SESP_UPDATE_STATE_REASON_SAME_VERSION;
  }
  return order < 0 ? (sesp_verdict_t)SESP_UPDATE_STATE_REASON_LOWER_VERSION : SESP_VERDICT_GOOD;
}

sesp_verdict_t sesp_offer_header(const sesp_core_t *core, const sesp_image_header_t *header) {
  if (header->chip_id != core->config.chip_id) {
    return SESP_UPDATE_STATE_REASON_WRONG_CHIP;
  }
  if (strcmp(header->project, core->config.project) != 0) {
    return SESP_UPDATE_STATE_REASON_WRONG_PROJECT;
  }
  if (!core->offer.has_manifest) {
    const sesp_verdict_t version = sesp_offer_version(core, header->version, false);
    if (version != SESP_VERDICT_GOOD) {
      return version;
    }
  }
  if (header->secure_version < core->config.secure_version) {
    return SESP_UPDATE_STATE_REASON_SECURE_VERSION;
  }
  if (header->first_segment_len > core->config.slot_size) {
    return SESP_UPDATE_STATE_REASON_TOO_LARGE;
  }
  return SESP_VERDICT_GOOD;
}

sesp_verdict_t sesp_offer_blocked(const sesp_core_t *core, const uint8_t *identity, const char *etag) {
  sesp_blocked_t blocked;
  const sesp_kv_t result = sesp_load_blocked(core, &blocked);
  if (result == SESP_KV_FAILED) {
    return SESP_UPDATE_STATE_REASON_FLASH;
  }
  if (result != SESP_KV_OK) {
    return SESP_VERDICT_GOOD;
  }
  const bool same = identity != NULL ? memcmp(blocked.identity, identity, SESP_IDENTITY_BYTES) == 0
                                     : etag[0] != '\0' && strcmp(blocked.etag, etag) == 0;
  return same ? (sesp_verdict_t)SESP_UPDATE_STATE_REASON_BLOCKED : SESP_VERDICT_GOOD;
}

void sesp_offer_unblock_others(sesp_core_t *core, const uint8_t *identity) {
  sesp_blocked_t blocked;
  if (sesp_load_blocked(core, &blocked) == SESP_KV_OK &&
      memcmp(blocked.identity, identity, SESP_IDENTITY_BYTES) != 0) {
    (void)sesp_erase_blocked(core);
  }
}
