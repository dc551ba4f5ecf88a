/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "sesp_internal.h"
#include "sesp_text.h"

/** Last look at the image, now that its identity is known and its signature good. */
/*@ requires SESP_CORE_OK(core) && (identity == \null || \valid_read(identity + (0 .. SESP_IDENTITY_BYTES - 1)));
    assigns \nothing;
    ensures -1 <= \result < SESP_UPDATE_STATE_REASON_COUNT && (\result == -1 ==> identity != \null); */
static sesp_verdict_t check_identity(sesp_core_t *core, const uint8_t *identity) {
  if (identity == NULL) {
    return SESP_UPDATE_STATE_REASON_BAD_HASH;
  }
  if (memcmp(identity, core->config.identity, SESP_IDENTITY_BYTES) == 0) {
    return SESP_UPDATE_STATE_REASON_SAME_VERSION;
  }
  if (core->offer.has_manifest) {
    uint8_t announced[SESP_IDENTITY_BYTES] = {0};
    sesp_text_unhex(announced, sizeof(announced), core->offer.manifest.image);
    if (memcmp(identity, announced, sizeof(announced)) != 0) {
      return SESP_UPDATE_STATE_REASON_BAD_HASH;
    }
  }
  sesp_offer_unblock_others(core, identity);
  return sesp_offer_blocked(core, identity, "");
}

/**
 * The record comes first: if power is lost between the two steps, the old image boots and finds a record of an update
 * that did not happen, which it reports as rolled back. The other order could boot an image that nobody knows.
 */
/*@ requires SESP_CORE_OK(core) && \valid_read(identity + (0 .. SESP_IDENTITY_BYTES - 1));
    assigns \nothing; */
static sesp_result_t switch_slots(sesp_core_t *core, const uint8_t *identity) {
  sesp_pending_t pending = {0};
  pending.run = core->report.run;
  pending.stated = core->offer.has_manifest;
  memcpy(pending.identity, identity, SESP_IDENTITY_BYTES);
  memcpy(pending.from, core->report.from, sizeof(pending.from));
  memcpy(pending.to, core->report.to, sizeof(pending.to));
  memcpy(pending.etag, core->offer.etag, sizeof(pending.etag));
  if (sesp_store_pending(core, &pending) != SESP_OK) {
    return SESP_ERR_PORT;
  }
  /* The slot is an image now, no part of a file that a later download could go on with. */
  if (sesp_resume_forget(core) != SESP_OK || sesp_call_boot_set(core) != SESP_OK) {
    (void)sesp_erase_pending(core);
    return SESP_ERR_PORT;
  }
  return SESP_OK;
}

/*@ requires SESP_CORE_OK(core) && (identity == \null || \valid_read(identity + (0 .. SESP_IDENTITY_BYTES - 1)));
    requires \separated(core, identity + (0 .. SESP_IDENTITY_BYTES - 1));
    assigns *core;
    ensures SESP_CORE_OK(core); */
void sesp_on_image_verified(sesp_core_t *core, bool valid, sesp_update_state_reason_t reason, const uint8_t *identity) {
  if (core->phase != SESP_PHASE_VERIFYING) {
    return;
  }
  if (!valid && core->offer.resumed && !core->offer.redone) {
    /* Two files under one tag, perhaps. The whole file may still be good. */
    core->offer.redone = true;
    (void)sesp_log_line(core, SESP_LOG_WARNING, "OTA-Update: the resumed file is not good. Starting over");
    sesp_retry_from_start(core);
    return;
  }
  if (!valid) {
    sesp_run_abort(core, sesp_run_reason(reason, SESP_UPDATE_STATE_REASON_BAD_SIGNATURE), NULL);
    return;
  }
  const sesp_verdict_t verdict = check_identity(core, identity);
  if (verdict != SESP_VERDICT_GOOD) {
    sesp_run_abort(core, (sesp_update_state_reason_t)verdict, NULL);
    return;
  }
  if (switch_slots(core, identity) != SESP_OK) {
    sesp_run_abort(core, SESP_UPDATE_STATE_REASON_FLASH, "the boot slot could not be switched");
    return;
  }
  core->phase = SESP_PHASE_REBOOTING;
  (void)sesp_log_line(core, SESP_LOG_SUCCESS, "OTA-Update written and verified. Restart ESP32...");
  sesp_run_report(core, SESP_UPDATE_STATE_STATE_REBOOTING);
  sesp_schedule_restart(core, core->restart_token);
}
