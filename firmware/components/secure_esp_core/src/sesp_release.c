/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_internal.h"
#include "sesp_text.h"

/** Refuses a manifest older than the newest seen, else remembers its number. Only called for manifests meant for us. */
static sesp_verdict_t check_sequence(sesp_core_t *core, uint32_t seq) {
  uint32_t highest = 0;
  const sesp_kv_t result = sesp_load_highest_seq(core, &highest);
  if (result == SESP_KV_FAILED) {
    return SESP_UPDATE_STATE_REASON_FLASH;
  }
  const bool known = result == SESP_KV_OK;
  if (known && seq < highest) {
    return SESP_UPDATE_STATE_REASON_MANIFEST_REPLAYED;
  }
  if ((!known || seq > highest) && sesp_store_highest_seq(core, seq) != SESP_OK) {
    return SESP_UPDATE_STATE_REASON_FLASH;
  }
  return SESP_VERDICT_GOOD;
}

static sesp_verdict_t check_addressee(const sesp_core_t *core, const sesp_manifest_t *manifest) {
  if (strcmp(manifest->project, core->config.project) != 0) {
    return SESP_UPDATE_STATE_REASON_WRONG_PROJECT;
  }
  if (strcmp(manifest->chip, core->config.chip) != 0) {
    return SESP_UPDATE_STATE_REASON_WRONG_CHIP;
  }
  return SESP_VERDICT_GOOD;
}

/** May the image that the manifest describes replace the running one? */
static sesp_verdict_t check_image(sesp_core_t *core, const sesp_manifest_t *manifest) {
  uint8_t identity[SESP_IDENTITY_BYTES] = {0};
  sesp_text_unhex(identity, sizeof(identity), manifest->image);
  if (memcmp(identity, core->config.identity, sizeof(identity)) == 0) {
    return SESP_UPDATE_STATE_REASON_SAME_VERSION;
  }
  const sesp_verdict_t version = sesp_offer_version(core, manifest->version, true);
  if (version != SESP_VERDICT_GOOD) {
    return version;
  }
  if (manifest->secure_version < core->config.secure_version) {
    return SESP_UPDATE_STATE_REASON_SECURE_VERSION;
  }
  if (manifest->size > core->config.slot_size) {
    return SESP_UPDATE_STATE_REASON_TOO_LARGE;
  }
  sesp_offer_unblock_others(core, identity);
  return sesp_offer_blocked(core, identity, "");
}

sesp_verdict_t sesp_release_check(sesp_core_t *core, const sesp_manifest_t *manifest, const char **detail) {
  const uint32_t now_s = sesp_call_unix_time_s(core);
  *detail = "the release manifest has expired";
  if (now_s != 0u && now_s >= manifest->exp) {
    return SESP_UPDATE_STATE_REASON_MANIFEST_EXPIRED;
  }
  *detail = "says the release manifest";
  const sesp_verdict_t addressee = check_addressee(core, manifest);
  if (addressee != SESP_VERDICT_GOOD) {
    return addressee;
  }
  *detail = "the release manifest's sequence number";
  const sesp_verdict_t sequence = check_sequence(core, manifest->seq);
  if (sequence != SESP_VERDICT_GOOD) {
    return sequence;
  }
  *detail = "says the release manifest";
  return check_image(core, manifest);
}

/** The same version, or the same text where it has no order. */
/*@ requires \valid_read(core) && \valid_read(text + (0 .. SESP_VERSION_MAX_BYTES));
    assigns \nothing; */
static bool is_running(const sesp_core_t *core, const char *text) {
  sesp_version_t listed;
  sesp_version_t running;
  if (sesp_text_same(text, core->version, sizeof(core->version))) {
    return true;
  }
  return sesp_version_parse(text, sesp_text_length(text, SESP_VERSION_MAX_BYTES), &listed) &&
         sesp_version_parse(core->version, sesp_text_length(core->version, SESP_VERSION_MAX_BYTES), &running) &&
         sesp_version_compare(&listed, &running) == 0;
}

bool sesp_release_from(const sesp_core_t *core, const sesp_manifest_t *manifest) {
  if (!manifest->has_from) {
    return true;
  }
  for (size_t at = 0; at < manifest->from_count; at++) {
    if (is_running(core, manifest->from[at])) {
      return true;
    }
  }
  return false;
}
